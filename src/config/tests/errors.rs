//! Each error as its reader sees it: file, line, key, mend, on one line.

use super::*;

/// The options of one block, which begin on line 2, and the whole message behind the file's name.
fn assert_errors(cases: &[(&str, &str)]) {
    for (options, want) in cases {
        let error = block(options).expect_err(options);
        assert_eq!(error.to_string(), format!("kubelet.conf:{want}"), "{options}");
    }
}

#[test]
fn metadata_that_is_none() {
    assert_errors(&[
        (
            "label_include = ['app name']",
            "2: label_include: pattern 1 of the list can match nothing: Kubernetes allows no ' ' in such a name; correct it, or take it out",
        ),
        (
            "metadata = ['image', 'labels']",
            "2: metadata: not one of its words; write one of \"image\", \"owner\", \"qos\", \"status\", \"resources\", \"utilization\"",
        ),
        (
            "metadata = 'image'",
            "2: metadata = 'image': a TOML string where an array of strings belongs; write an array of strings",
        ),
        (
            "pod_network = 'host'",
            r#"2: pod_network = 'host': not one of its words; write one of "all", "own""#,
        ),
    ]);
}

#[test]
fn a_value_of_the_wrong_type_or_form() {
    assert_errors(&[
        (
            r#"response_timeout = "abc""#,
            r#"2: response_timeout = "abc": not a duration; write it as "5s", "500ms" or "1m30s""#,
        ),
        (
            "# prose\n\nresponse_timeout = -1",
            r#"4: response_timeout = -1: a duration can't be negative; write it as "5s", "500ms" or "1m30s""#,
        ),
        (
            "response_timeout = 0",
            r#"2: response_timeout = 0: must be more than zero; write it as "5s" or "500ms""#,
        ),
        (
            "response_timeout = true",
            r#"2: response_timeout = true: a TOML boolean where a duration such as "5s" belongs; write a duration such as "5s""#,
        ),
        (
            "url = 10250",
            "2: url = 10250: a TOML integer where a string belongs; write a string",
        ),
        (
            "insecure_skip_verify = 'yes'",
            "2: insecure_skip_verify = 'yes': a TOML string where true or false belongs; write true or false",
        ),
        (
            "tls_ca = ['/a', 1]",
            "2: tls_ca: a TOML integer where a string belongs; write a string",
        ),
        (
            "tls_ca = []",
            "2: tls_ca: empty; give it a value, or take the line out for the default",
        ),
        (
            "url = ''",
            "2: url = '': empty; give it a value, or take the line out for the default",
        ),
        (
            "url = '$EMPTY'",
            "2: url = '$EMPTY': empty; give it a value, or take the line out for the default",
        ),
        (
            "url = 'https://$NOPE:10250'",
            "2: url: the environment variable NOPE is not set; set it for the plugin, or write $$ for a literal $",
        ),
        (
            "tls_server_name = 'a$'",
            "2: tls_server_name = 'a$': $ without a variable's name; write $NAME or ${NAME}, and $$ for a literal $",
        ),
    ]);
}

#[test]
fn a_value_that_its_option_can_not_take() {
    assert_errors(&[
        (
            "url = '10.0.0.1:10250'",
            r#"2: url: no scheme; write it as "https://10.0.0.1:10250""#,
        ),
        (
            "url = 'https://$SIX:10250'",
            r#"2: url: an IPv6 address goes into brackets; write it as "https://[fd00::1]:10250", or leave url out: the default brackets $NODE_IP by itself"#,
        ),
        (
            "url = 'https://me:hunter2@10.0.0.1'",
            "2: url: a kubelet knows no user or password in a URL; take it out, and use bearer_token or tls_cert",
        ),
        (
            "url = 'https://10.0.0.1:10250/stats/summary'",
            "2: url: the plugin adds /stats/summary itself; end the URL after the port",
        ),
        (
            "url = 'https://10.0.0.1:0'",
            "2: url: not a port; write a number from 1 to 65535, or none for the kubelet's own",
        ),
        (
            "bearer_token = 'eyJhbGciOi'",
            "2: bearer_token: a token itself; write it into a file, and the file's path into bearer_token",
        ),
        (
            "bearer_token = '$TOKEN'",
            "2: bearer_token = '$TOKEN': a token itself; write it into a file, and the file's path into bearer_token",
        ),
        (
            "tls_key = 'key.pem'",
            "2: tls_key = 'key.pem': no path; a path begins with / (or ./ or ../)",
        ),
        (
            "bearer_token = 'an-opaque-token'",
            "2: bearer_token: no path; a path begins with / (or ./ or ../)",
        ),
        (
            "tls_ca = '''-----BEGIN CERTIFICATE-----'''",
            "2: tls_ca: PEM text itself; write it into a file, and the file's path here",
        ),
        (
            "tls_min_version = 'TLS11'",
            r#"2: tls_min_version = 'TLS11': not one of its words; write one of "TLS12", "TLS13""#,
        ),
        (
            "log_level = 'loud'",
            r#"2: log_level = 'loud': not one of its words; write one of "error", "warn", "info", "debug", "trace""#,
        ),
        (
            "node_metric_name = 'kubernetes_pod'",
            "2: node_metric_name: another measurement of this plugin is called so; write a name of its own",
        ),
        (
            "node_metric_name = '_node'",
            "2: node_metric_name = '_node': no name for a measurement; write one without control characters, without # or _ in front, and without a backslash at the end",
        ),
    ]);
}

#[test]
fn an_output_that_can_not_be() {
    assert_errors(&[
        (
            "output = 'stderr'",
            r#"2: output = 'stderr': no output; write "stdout", or "unixgram:///run/telegraf-kubelet/telegraf.sock" for a socket"#,
        ),
        (
            "output = 'unix:///run/t.sock'",
            "2: output: Telegraf tears a line of such a socket when it stops; write unixgram:// here and in the service_address of inputs.socket_listener",
        ),
        (
            "output = 'unixgram://t.sock'\ninterval = '10s'",
            r#"2: output: no absolute path; write it with three slashes, as in "unixgram:///run/telegraf-kubelet/telegraf.sock""#,
        ),
        (
            "# prose\noutput = 'unixgram:///run/t.sock'",
            r#"3: output: nobody prompts a program that writes to a socket; set interval = "10s", or start it with -poll_interval 10s"#,
        ),
        (
            "max_concurrent = 0",
            "2: max_concurrent = 0: a number that will not do; write a whole number from 1 to 10000",
        ),
        (
            "max_concurrent = -1",
            "2: max_concurrent = -1: a number that will not do; write a whole number from 1 to 10000",
        ),
        (
            "max_concurrent = 10001",
            "2: max_concurrent = 10001: a number that will not do; write a whole number from 1 to 10000",
        ),
        (
            "max_concurrent = true",
            "2: max_concurrent = true: a TOML boolean where a whole number from 1 to 10000 belongs; write a whole number from 1 to 10000",
        ),
        (
            "output_buffer = '8M'",
            r#"2: output_buffer = '8M': not a size; write a whole number and a unit, as in "8MiB" or "3MB""#,
        ),
        (
            "output_buffer = 1000",
            "2: output_buffer = 1000: too small for one batch of a small node; write 64KiB or more",
        ),
        (
            "output_buffer = '2GiB'",
            "2: output_buffer = '2GiB': more than 1GiB; write less",
        ),
        (
            "output_buffer = true",
            r#"2: output_buffer = true: a TOML boolean where a size such as "8MiB" belongs; write a size such as "8MiB""#,
        ),
        (
            "max_response = '10kB'",
            "2: max_response = '10kB': too small for the answer of a small node; write 64KiB or more",
        ),
        (
            "output = 'unixgram:///a'\ninterval = '9s'\n[[inputs.kubelet]]\nurl = 'https://b'\noutput = 'unixgram:///b'",
            "6: output: differs from line 2, and a process has but one; give all blocks the same value, or only one of them",
        ),
    ]);
}

#[test]
fn a_key_that_is_not_ours() {
    assert_errors(&[
        (
            "respons_timeout = '5s'",
            "2: respons_timeout: unknown option; did you mean response_timeout?",
        ),
        (
            "colour = 'red'",
            "2: colour: unknown option; --sample-config lists all there are",
        ),
        (
            "\"a\\nb\" = 1",
            "2: a\\nb: unknown option; --sample-config lists all there are",
        ),
        (
            "eyJhbGciOi = 1",
            "2: unknown option; --sample-config lists all there are",
        ),
        (
            "bearer_token_string = 'x'",
            "2: bearer_token_string: Telegraf removed it too; write the token into a file, and its path into bearer_token",
        ),
        (
            "name_override = 'x'",
            "2: name_override: that is for Telegraf to do; put it into the [[inputs.execd]] block of telegraf.conf",
        ),
        (
            "[inputs.kubelet.tags]\na = 'b'",
            "2: tags: that is for Telegraf to do; put it into the [[inputs.execd]] block of telegraf.conf",
        ),
    ]);
}

#[test]
fn options_that_contradict_each_other() {
    assert_errors(&[
        (
            "bearer_token = '/t'\ntls_cert = '/c'",
            "3: tls_cert: contradicts bearer_token on line 2: a kubelet that gets both looks at the certificate only; keep one of the two",
        ),
        (
            "tls_key = '/k'",
            "2: tls_key: has no certificate; add tls_cert, or take tls_key out to use a bearer token",
        ),
        (
            "url = 'http://10.0.0.1'\nbearer_token = '/t'",
            "3: bearer_token: has no meaning over http://, where nothing is encrypted and no credential is sent; write https:// and port 10250, or take this out",
        ),
        (
            "insecure_skip_verify = true\ntls_ca = '/a'",
            "3: tls_ca: contradicts insecure_skip_verify on line 2, which believes any certificate; keep one of the two",
        ),
        (
            "interval = '5s'\nresponse_timeout = '5s'",
            "3: response_timeout: 5s is not shorter than the interval of 5s; lower it, so that one scrape ends before the next begins",
        ),
        (
            "url = 'https://A'\n[[inputs.kubelet]]\nurl = 'https://a:10250/'",
            "4: url: the same kubelet as on line 2, which would write each sample twice; take one of the blocks out",
        ),
        (
            "\n[[inputs.kubelet]]",
            "3: url: the same kubelet as on line 1, which would write each sample twice; take one of the blocks out",
        ),
        (
            "interval = '5s'\n[[inputs.kubelet]]\nurl = 'https://a'\ninterval = '6s'",
            "5: interval: differs from line 2, and a process has but one; give all blocks the same value, or only one of them",
        ),
    ]);
}

#[test]
fn a_pin_is_whole_and_alone() {
    assert_errors(&[
        (
            "tls_pin_sha256 = 'abc'",
            "2: tls_pin_sha256 = 'abc': not the SHA-256 of a key; write its 32 bytes in Base64 or hexadecimal, as `telegraf-kubelet check` prints them",
        ),
        (
            "tls_pin_sha256 = []",
            "2: tls_pin_sha256: empty; give it a value, or take the line out for the default",
        ),
    ]);
    for other in [
        "tls_ca = '/a'",
        "tls_server_name = 'n'",
        "insecure_skip_verify = true",
    ] {
        let error = block(&format!("{PINNED}\n{other}")).expect_err(other).to_string();
        let key = other.split(' ').next().expect("a key");
        let want = format!("kubelet.conf:3: {key}: contradicts tls_pin_sha256 on line 2");
        assert!(error.starts_with(&want), "{error}");
    }
}

/// A pin of a key that nobody has.
const PINNED: &str = "tls_pin_sha256 = '0000000000000000000000000000000000000000000000000000000000000000'";

#[test]
fn everything_of_tls_contradicts_http() {
    let of_tls = options::ALL
        .iter()
        .filter(|info| info.key.starts_with("tls_") || info.key == "bearer_token")
        // That one goes with discovery alone, which has no http.
        .filter(|info| info.key != "tls_verify_node");
    let options = of_tls.map(|info| format!("{} = {}", info.key, info.sample.toml()));
    for option in options.chain(["insecure_skip_verify = true".to_owned()]) {
        let error = block(&format!("url = 'http://10.0.0.1'\n{option}"))
            .expect_err(&option)
            .to_string();
        let key = option.split(' ').next().expect("a key");
        assert!(
            error.starts_with(&format!("kubelet.conf:3: {key}: has no meaning over http://")),
            "{error}"
        );
    }
}

#[test]
fn errors_outside_of_a_block_name_file_line_head_and_mend() {
    for (text, want) in [
        (
            "# moved\n[[inputs.kubernetes]]\nurl = 'https://a'",
            "2: [[inputs.kubernetes]]: that is Telegraf's own plugin; rename the head to [[inputs.kubelet]]",
        ),
        (
            "[inputs.kubelet]\n",
            "1: [inputs.kubelet]: a plugin's block takes two brackets; write [[inputs.kubelet]]",
        ),
        (
            "[[inputs.kubelet]]\n[[inputs.cpu]]",
            "2: [[inputs.cpu]]: this file is the plugin's own, it is not telegraf.conf; move this there, and keep only [[inputs.kubelet]] here",
        ),
        (
            "[agent]\ninterval = '10s'\n[[inputs.kubelet]]",
            "1: [agent]: this file is the plugin's own, it is not telegraf.conf; move this there, and keep only [[inputs.kubelet]] here",
        ),
        (
            "[[inputs.kubelet]]\n[[outputs.file]]",
            "2: [outputs]: this file is the plugin's own, it is not telegraf.conf; move this there, and keep only [[inputs.kubelet]] here",
        ),
        (
            "url = 'https://a'",
            "1: url: outside of a block; write [[inputs.kubelet]] above it",
        ),
        (
            "[kubelet]\n",
            "1: [kubelet]: nothing that belongs here; keep only [[inputs.kubelet]] blocks in this file",
        ),
        (
            "inputs = 1",
            "1: inputs: nothing that belongs here; keep only [[inputs.kubelet]] blocks in this file",
        ),
        (
            "[[inputs.kubelet]]\nurl = 'https://a'\nurl = 'https://b'",
            "3:1: not TOML: this stands above already; keep one of the two",
        ),
        (
            "[[inputs.kubelet]]\n  bearer_token = eyJhbGciOi",
            "2:18: not TOML: a text without quotes; write it as \"...\"",
        ),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!(error.to_string(), format!("kubelet.conf:{want}"), "{text}");
    }
    for text in ["", "# nothing\n", "[inputs]"] {
        let error = read(text).expect_err(text);
        assert_eq!(
            error.to_string(),
            "kubelet.conf: no [[inputs.kubelet]] block; write that line above the options"
        );
    }
}

/// A token at every place where a value or key can stand never shows up in the message.
#[test]
fn no_error_carries_a_token() {
    let silent = |text: &str, error: &ConfigError| {
        let message = format!("{error} {error:?}");
        assert!(!message.contains("hbGciOiJ"), "{text}: {message}");
    };
    for info in options::ALL {
        let key = info.key;
        for text in [
            format!("[[inputs.kubelet]]\n{key} = '{TOKEN}'"),
            format!("[[inputs.kubelet]]\n{key} = '$TOKEN'"),
            format!("[[inputs.kubelet]]\n{key} = ['{TOKEN}', 1]"),
            format!("[[inputs.kubelet]]\n{key} = '/a {TOKEN}'\nurl = 1"),
            format!("[[inputs.kubelet]]\n{key} = {TOKEN}"),
            format!("{key} = '{TOKEN}'"),
        ] {
            silent(&text, &read(&text).expect_err(&text));
        }
    }
    for text in [
        format!("[[inputs.kubelet]]\npassword = '{TOKEN}'"),
        format!("[[inputs.kubelet]]\nbearer_token_string = '{TOKEN}'"),
        format!("[[inputs.kubelet]]\n'{TOKEN}' = 1"),
        format!("['{TOKEN}']"),
        format!("[[inputs.'{TOKEN}']]"),
        TOKEN.to_owned(),
        format!("[[inputs.kubelet]]\nbearer_token = '{TOKEN}"),
        format!("[[inputs.kubelet]]\nbearer_token = \"\"\"{TOKEN}"),
    ] {
        silent(&text, &read(&text).expect_err(&text));
    }
}

#[test]
fn what_goes_with_discovery_alone() {
    for (text, want) in [
        (
            "node_selector = 'a=b'",
            "2: node_selector: goes with discover = \"nodes\" alone",
        ),
        (
            "tls_server_name = '{node}'",
            "2: tls_server_name: goes with discover = \"nodes\" alone",
        ),
        (
            "discover = 'pods'",
            "2: discover = 'pods': not one of its words; write one of \"nodes\"",
        ),
        (
            "discover = 'nodes'\nurl = 'https://a'",
            "3: url: has no meaning beside discover on line 2",
        ),
        (
            "discover = 'nodes'\napi_server = '10.0.0.1'",
            r#"3: api_server: no scheme; write it as "https://10.0.0.1:6443""#,
        ),
        (
            "discover = 'nodes'\napi_server = 'https://10.0.0.300'",
            r#"3: api_server: no valid host name or address in it; write it as "https://10.0.0.1:6443""#,
        ),
        (
            "discover = 'nodes'\napi_server = 'https://fd00::1:6443'",
            r#"3: api_server: an IPv6 address goes into brackets; write it as "https://[fd00::1]:6443""#,
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a:0'",
            "3: api_server: not a port; write a number from 1 to 65535, or none for 443",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://me:secret@a'",
            "3: api_server: an API server knows no user or password in a URL; take it out, and use bearer_token or tls_cert",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a/api'",
            "3: api_server: has a path, query or fragment; end the URL after the port",
        ),
        (
            "discover = 'nodes'\napi_server = 'http://a'",
            "3: api_server: an API server is asked over TLS alone; write https://",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nnode_selector = 'a in b'",
            "4: node_selector = 'a in b': ",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nnode_address_types = ['InternalIp']",
            "4: node_address_types: not one of its words; write one of \"InternalIP\"",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nnode_include = ['a']\nnode_exclude = ['a']",
            "5: node_exclude: takes away all that the include list lets through",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\ninsecure_skip_verify = true\ntls_verify_node = true",
            "5: tls_verify_node: contradicts insecure_skip_verify on line 4",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nlease_duration = '30s'",
            "4: lease_duration: goes with shards = \"leases\" alone",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nshards = 'leases'\nlease_namespace = 'A/b'",
            "5: lease_namespace = 'A/b': no name in Kubernetes",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nshards = 'leases'\nlease_namespace = 'a'\nlease_duration = '2s'",
            "6: lease_duration = '2s': no duration of a Lease",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nshards = 'leases'\nlease_namespace = 'a'\n[[inputs.kubelet]]\nurl = 'https://b'",
            "7: url: would be scraped by every member that shards on line 4 makes",
        ),
        (
            "url = 'https://b'\n[[inputs.kubelet]]\ndiscover = 'nodes'\napi_server = 'https://a'\nshards = 'leases'\nlease_namespace = 'a'",
            "2: url: would be scraped by every member that shards on line 6 makes",
        ),
        (
            "discover = 'nodes'\napi_server = 'https://a'\nshards = 'leases'\nlease_namespace = 'a'\n[[inputs.kubelet]]\ndiscover = 'nodes'\n\
             api_server = 'https://b'",
            "8: api_server: is another one than that of the block on line 2, and members share nodes by the Leases of one",
        ),
    ] {
        let error = block(text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("kubelet.conf:{want}")), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
