// Reads a dashboard by Grafana's own types, strictly: a setting that no panel of that kind has, one of the wrong type
// and one that is missing are errors. Grafana itself cannot be had from a package registry; what it would draw is not
// looked at here.
//
//	go run . FILE
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// Grafana takes any other word too, and writes it behind the number.
var known = []string{
	units.NoUnit, units.Short, units.Percent, units.BytesIEC, units.BytesPerSecondSI, units.CountsPerSecond,
	units.Seconds, units.Days,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "go run . FILE")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func check(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// Without it the options of panels are not looked into.
	plugins.RegisterDefaultPlugins()
	var strict, read dashboard.Dashboard
	if err := some(strict.UnmarshalJSONStrict(raw)); err != nil {
		return err
	}
	// Again, because the strict reading leaves panels out when it is done with them.
	if err := json.Unmarshal(raw, &read); err != nil {
		return err
	}
	if err := some(read.Validate()); err != nil {
		return err
	}
	panels := 0
	for _, entry := range read.Panels {
		inside := []dashboard.Panel{}
		if entry.Panel != nil {
			inside = append(inside, *entry.Panel)
		}
		if entry.RowPanel != nil {
			inside = entry.RowPanel.Panels
		}
		for _, panel := range inside {
			panels++
			if unit := panel.FieldConfig.Defaults.Unit; unit == nil || !slices.Contains(known, *unit) {
				return fmt.Errorf("panel %q: no unit that is known here", *panel.Title)
			}
		}
	}
	if panels == 0 {
		return errors.New("no panels")
	}
	fmt.Printf("%d panels are of Grafana's types, schema %d\n", panels, read.SchemaVersion)
	return nil
}

// The module returns an empty list of errors where it means none.
func some(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}
