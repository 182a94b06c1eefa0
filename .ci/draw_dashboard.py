"""Draws what telegraf/dashboard.json shows when it is opened: draw_dashboard.py RESULTS PICTURE.png

RESULTS is what the end-to-end test keeps where DASHBOARD_RESULTS names a file: the answers of a real InfluxDB to the
dashboard's own queries. Places, titles, units, thresholds and words come from the dashboard. It is a drawing of these
answers and no screenshot: Grafana has no part in it.

Needs matplotlib; .ci/run has the version.
"""

import io
import json
import math
import re
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

DASHBOARD = Path(__file__).parent.parent / "telegraf" / "dashboard.json"

# Pixels.
WIDTH, UNIT, GAP, TITLE = 1500, 25, 4, 24

BACK, PANEL, EDGE, TEXT, FAINT = "#111217", "#181b1f", "#2c3235", "#d0d1d9", "#8e8e97"
NAMED = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "red": "#f2495c",
    "orange": "#ff9830",
    "purple": "#b877d9",
    "dark-red": "#c4162a",
    "dark-orange": "#fa6400",
    "dark-yellow": "#e0b400",
    "dark-purple": "#8f3bb8",
    "light-red": "#ff7383",
}
SERIES = [
    "#73bf69",
    "#f2cc0c",
    "#5794f2",
    "#ff9830",
    "#f2495c",
    "#8ab8ff",
    "#b877d9",
    "#96d98d",
    "#ffb357",
    "#fa6400",
    "#37872d",
    "#e0b400",
    "#1f60c4",
    "#c4162a",
    "#8f3bb8",
    "#ffa6b0",
]


def scaled(value, step, units, digits):
    at = 0
    while abs(value) >= step and at < len(units) - 1:
        value, at = value / step, at + 1
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") + units[at] if digits else f"{value:.0f}{units[at]}"


def written(value, unit, decimals=None):
    """A number with its unit, as short as Grafana has it."""
    digits = 2 if decimals is None else decimals
    if value is None:
        return ""
    if unit == "bytes":
        return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"], digits)
    if unit == "Bps":
        return scaled(value, 1000, [" B/s", " kB/s", " MB/s", " GB/s"], digits)
    if unit == "percent":
        return f"{value:.{digits}f}%"
    if unit == "dateTimeFromNow":
        age = time.time() - value / 1000
        for seconds, word in [(31536000, "years"), (2592000, "months"), (86400, "days"), (3600, "hours"), (60, "minutes")]:
            if age >= 1.5 * seconds:
                return f"{age / seconds:.0f} {word} ago"
        return "a moment ago"
    if unit == "d":
        return f"{value:.{digits}f} days"
    if unit == "s":
        if abs(value) < 1:
            return f"{value * 1000:.{digits}f} ms"
        for seconds, word in [(86400, "days"), (3600, "hours"), (60, "min"), (1, "s")]:
            if abs(value) >= seconds:
                return f"{value / seconds:.{max(digits, 1)}f} {word}"
    number = scaled(value, 1000, ["", " K", " Mil", " Bil"], 0 if unit == "none" else digits)
    return number + (" c/s" if unit == "cps" else "")


def round_numbers(low, high, unit):
    """At most five, even in the unit that is written."""
    base = 1024 if unit == "bytes" else 1000
    size = base ** max(0, math.floor(math.log(max(abs(low), abs(high), 1), base)))
    about = (high - low) / size / 4
    power = 10 ** math.floor(math.log10(about))
    step = size * next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= about * 0.999)
    return [step * at for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def of_threshold(value, thresholds):
    steps = thresholds["steps"]
    colour = steps[0]["color"]
    for step in steps[1:]:
        if value >= step["value"]:
            colour = step["color"]
    return NAMED[colour]


def series_of(panel, answers):
    """Each series of a panel: its name, times in seconds, and values."""
    for target in panel["targets"]:
        for series in answers.get(target["refId"], []):
            tags = series.get("tags", {})
            for at, column in enumerate(series["columns"][1:], 1):

                def replaced(match):
                    name = match.group(1)
                    return column if name == "col" else tags.get(name.removeprefix("tag_"), "")

                name = re.sub(r"\$(\w+)", replaced, target.get("alias", column)).strip()
                rows = [(row[0] / 1e9, row[at]) for row in series["values"] if row[at] is not None]
                if rows:
                    yield name, [time for time, _ in rows], [value for _, value in rows]


class Picture:
    def __init__(self, height, start, end):
        self.height, self.start, self.end = height, start, end
        self.figure = plt.figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor=BACK)

    def axes(self, x, y, w, h):
        axes = self.figure.add_axes([x / WIDTH, 1 - (y + h) / self.height, w / WIDTH, h / self.height])
        axes.set_facecolor("none")
        for side in axes.spines.values():
            side.set_visible(False)
        return axes

    def plain(self, x, y, w, h):
        """Axes whose units are pixels from the upper left corner."""
        axes = self.axes(x, y, w, h)
        axes.set_xlim(0, w)
        axes.set_ylim(h, 0)
        axes.axis("off")
        return axes

    def text(self, x, y, text, size=9.5, colour=TEXT, **more):
        self.figure.text(x / WIDTH, 1 - y / self.height, text, fontsize=size, color=colour, va="center", **more)

    def frame(self, x, y, w, h, title):
        box = self.plain(x, y, w, h)
        box.add_patch(
            FancyBboxPatch((1, 1), w - 2, h - 2, boxstyle="round,pad=0,rounding_size=3", fc=PANEL, ec=EDGE, lw=0.8)
        )
        self.text(x + 9, y + 13, title, 9.5, weight="bold")

    def panel(self, panel, answers, x, y, w, h):
        self.frame(x, y, w, h, panel["title"])
        draw = {
            "stat": self.stat,
            "timeseries": self.graph,
            "state-timeline": self.states,
            "bargauge": self.bars,
            "table": self.table,
        }
        draw[panel["type"]](panel, answers, x + 9, y + TITLE, w - 18, h - TITLE - 8)

    def stat(self, panel, answers, x, y, w, h):
        defaults = panel["fieldConfig"]["defaults"]
        found = list(series_of(panel, answers)) or [("", [], [float(defaults.get("noValue", "nan"))])]
        for at, (name, _, values) in enumerate(found):
            part = w / len(found)
            shown = self.plain(x + at * part, y, part - 3, h)
            shown.add_patch(Rectangle((0, 0), part, h, fc=of_threshold(values[-1], defaults["thresholds"]), ec="none"))
            label = written(values[-1], defaults["unit"], defaults.get("decimals"))
            named = panel["options"]["textMode"] == "value_and_name"
            shown.text(
                part / 2,
                h / 2 + (8 if named else 0),
                label,
                fontsize=15 if named else 21,
                color=BACK,
                weight="bold",
                ha="center",
                va="center",
            )
            if named:
                shown.text(part / 2, h / 4, name, fontsize=10, color=BACK, ha="center", va="center")

    def time_axis(self, axes):
        axes.set_xlim(self.start, self.end)
        ticks = [self.start + (self.end - self.start) * part for part in (0.125, 0.375, 0.625, 0.875)]
        seconds = lambda tick: f"{int(tick) // 3600 % 24:02}:{int(tick) // 60 % 60:02}:{int(tick) % 60:02}"
        axes.set_xticks(ticks, [seconds(tick) for tick in ticks])
        axes.tick_params(colors=FAINT, labelsize=8, length=0, pad=3)

    def legend(self, entries, x, y, w):
        """In two lines; what does not fit is counted."""
        at, line = 0, 0
        for number, (name, colour) in enumerate(entries):
            width = 6.0 * len(name) + 26
            if at + width > w - (52 if line else 0):
                if line or at == 0:
                    self.text(x + at, y + 13 * line, f"+ {len(entries) - number} more", 8, FAINT)
                    return
                at, line = 0, 1
            self.text(x + at, y + 13 * line, "▬", 7, colour)
            self.text(x + at + 13, y + 13 * line, name, 8)
            at += width

    def graph(self, panel, answers, x, y, w, h):
        defaults = panel["fieldConfig"]["defaults"]
        custom, unit = defaults["custom"], defaults["unit"]
        axes = self.axes(x + 52, y + 4, w - 56, h - 48)
        found = list(series_of(panel, answers))
        below = [
            override["matcher"]["options"].strip("/")
            for override in panel["fieldConfig"]["overrides"]
            if override["properties"][0]["id"] == "custom.transform"
        ]
        base = {}
        for at, (name, times, values) in enumerate(found):
            colour = SERIES[at % len(SERIES)]
            if any(re.search(pattern, name) for pattern in below):
                values = [-value for value in values]
            floor = [base.get(time, 0) for time in times]
            if custom["stacking"]["mode"] == "normal":
                values = [value + low for value, low in zip(values, floor)]
                base.update(zip(times, values))
            axes.plot(times, values, color=colour, lw=1.1)
            axes.fill_between(times, floor, values, color=colour, alpha=custom["fillOpacity"] / 100, lw=0)
        self.time_axis(axes)
        axes.grid(color=EDGE, lw=0.6)
        low, high = axes.get_ylim()
        axes.set_ylim(defaults.get("min", low), defaults.get("max", max(high, 1e-9)))
        if custom["thresholdsStyle"]["mode"] != "off":
            for step in defaults["thresholds"]["steps"][1:]:
                axes.axhline(step["value"], color=NAMED[step["color"]], lw=0.9, ls="--")
        axes.yaxis.set_major_locator(matplotlib.ticker.FixedLocator(round_numbers(*axes.get_ylim(), unit)))
        axes.yaxis.set_major_formatter(lambda value, _: written(abs(value), unit, 0 if unit == "percent" else None))
        self.legend([(name, SERIES[at % len(SERIES)]) for at, (name, *_) in enumerate(found)], x + 4, y + h - 16, w - 8)

    def states(self, panel, answers, x, y, w, h):
        words = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
        found = list(series_of(panel, answers))
        axes = self.axes(x + 4, y + 2, w - 8, h - 40)
        seen = set()
        for at, (_, times, values) in enumerate(found):
            ends = [*times[1:], self.end]
            before = None
            for begin, end, value in zip(times, ends, values):
                word = words[str(int(value))]
                seen.add(str(int(value)))
                axes.add_patch(
                    Rectangle((begin, at + 0.38), end - begin, 0.55, fc=NAMED[word["color"]], ec="none", alpha=0.85)
                )
                if value != before:
                    axes.text(
                        begin + (self.end - self.start) / 150,
                        at + 0.66,
                        word["text"],
                        fontsize=8.5,
                        color=BACK,
                        va="center",
                        clip_on=True,
                    )
                before = value
            axes.text(self.start, at + 0.2, found[at][0], fontsize=8.5, color=TEXT, va="center")
        axes.set_ylim(len(found), 0)
        axes.set_yticks([])
        self.time_axis(axes)
        self.legend([(words[code]["text"], NAMED[words[code]["color"]]) for code in sorted(seen)], x + 4, y + h - 8, w)

    def bars(self, panel, answers, x, y, w, h):
        defaults = panel["fieldConfig"]["defaults"]
        found = list(series_of(panel, answers))
        space = min(34, (h - 4) / max(len(found), 1))
        fitting = int((h - 4) / max(space, 19))
        shown = self.plain(x, y, w, h)
        names = 12 + 6.3 * max(len(name) for name, *_ in found)
        room = w - names - 64
        for at, (name, _, values) in enumerate(found[:fitting]):
            value, top = values[-1], 4 + at * max(space, 19)
            share = min(max(value - defaults["min"], 0) / (defaults["max"] - defaults["min"]), 1)
            colour = of_threshold(value, defaults["thresholds"])
            thick = max(space, 19) - 6
            shown.text(names - 8, top + thick / 2, name, fontsize=8.5, color=TEXT, ha="right", va="center")
            shown.add_patch(Rectangle((names, top), room, thick, fc="#22252b", ec="none"))
            shown.add_patch(Rectangle((names, top), max(room * share, 2), thick, fc=colour, ec="none"))
            shown.text(
                w,
                top + thick / 2,
                written(value, defaults["unit"], defaults["decimals"]),
                fontsize=8.5,
                color=colour,
                ha="right",
                va="center",
            )

    def table(self, panel, answers, x, y, w, h):
        config, organized = panel["fieldConfig"], panel["transformations"][0]["options"]
        columns = sorted(organized["indexByName"], key=organized["indexByName"].get)
        heading = {name: organized["renameByName"].get(name, name) for name in columns}
        overrides = {
            rule["matcher"]["options"]: {one["id"]: one["value"] for one in rule["properties"]}
            for rule in config["overrides"]
        }
        rows = []
        for series in answers["A"]:
            for row in series["values"]:
                rows.append({**series.get("tags", {}), **dict(zip(series["columns"], row))})
        by = next(name for name in columns if heading[name] == panel["options"]["sortBy"][0]["displayName"])
        rows.sort(key=lambda row: (row[by] is not None, row[by]), reverse=True)
        shown = self.plain(x, y, w, h)
        longest = [
            max(9, len(heading[name]) + 3, *(len(row[name]) + 2 for row in rows if isinstance(row[name], str)))
            for name in columns
        ]
        gauge = [
            overrides.get(heading[name], {}).get("custom.cellOptions", {}).get("type") == "gauge" for name in columns
        ]
        need = [18 if bar else long for bar, long in zip(gauge, longest)]
        left = [w * sum(need[:at]) / sum(need) for at in range(len(need) + 1)]
        for at, name in enumerate(columns):
            shown.text(left[at] + 2, 9, heading[name], fontsize=8.5, color="#6e9fff", weight="bold", va="center")
        for line, row in enumerate(rows[: int((h - 20) / 19)]):
            middle = 30 + 19 * line
            shown.plot([0, w], [middle - 10] * 2, color=EDGE, lw=0.6)
            for at, name in enumerate(columns):
                value, rule = row[name], overrides.get(heading[name], {})
                if value is None:
                    continue
                if isinstance(value, str):
                    shown.text(left[at] + 2, middle, value, fontsize=8.5, color=TEXT, va="center", clip_on=True)
                    continue
                label = written(value, rule.get("unit", config["defaults"]["unit"]), config["defaults"].get("decimals"))
                colour = of_threshold(value, rule["thresholds"]) if "thresholds" in rule else TEXT
                if gauge[at]:
                    room = left[at + 1] - left[at] - 62
                    shown.add_patch(Rectangle((left[at], middle - 6), room, 12, fc="#22252b", ec="none"))
                    shown.add_patch(
                        Rectangle((left[at], middle - 6), room * min(value / rule["max"], 1), 12, fc=colour, ec="none")
                    )
                    shown.text(left[at + 1] - 16, middle, label, fontsize=8.5, color=colour, ha="right", va="center")
                else:
                    shown.text(left[at] + 2, middle, label, fontsize=8.5, color=colour, va="center")


def laid_out(dashboard):
    """Rows and their panels from top to bottom, with the places of each in pixels; and the height of it all."""
    placed, bottom = [], 0
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        bottom = max(bottom, place["y"] + place["h"])
        placed.append((place["y"] * UNIT + GAP, panel))
    return placed, bottom * UNIT + 2 * GAP


def main():
    results, picture = sys.argv[1:]
    results = json.loads(Path(results).read_text())
    dashboard = json.loads(DASHBOARD.read_text())
    matplotlib.rcParams["font.family"] = "DejaVu Sans"
    placed, height = laid_out(dashboard)
    drawn = Picture(height, results["from"] / 1000, results["to"] / 1000)
    cell = (WIDTH - 2 * GAP) / 24
    for y, panel in placed:
        if panel["type"] == "row":
            mark = "▸" if panel["collapsed"] else "▾"
            drawn.text(12, y + UNIT / 2, f"{mark}  {panel['title']}", 11, weight="bold")
            continue
        place = panel["gridPos"]
        answers = results["panels"][str(panel["id"])]
        drawn.panel(panel, answers, GAP + place["x"] * cell + 2, y + 2, place["w"] * cell - 4, place["h"] * UNIT - 4)
    pixels = io.BytesIO()
    drawn.figure.savefig(pixels, facecolor=BACK)
    # So few colours are in it that a palette holds them, in a third of the size.
    Image.open(pixels).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(picture, optimize=True)


main()
