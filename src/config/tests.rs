use super::*;

const LEAST: &str = "public_url = 'https://care.example.com'\n";

fn read(text: &str, given: &[(&str, &str)]) -> Result<Config, String> {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::of(text, given).map_err(|it| format!("{it:#}"))
}

fn refused(text: &str, given: &[(&str, &str)]) -> String {
    read(text, given).expect_err("it should be refused")
}

#[test]
fn the_least_that_one_must_say_is_the_public_address() {
    let config = read(LEAST, &[]).unwrap();
    assert_eq!(config.listen, here());
    assert_eq!(config.key_file(), PathBuf::from("data/operator.key"));
    assert_eq!(config.outbound.limit("any"), PROACTIVE_PER_HOUR);
    assert!(refused("", &[]).contains("`public_url` is not set"));
}

#[test]
fn an_unknown_setting_is_refused_with_the_near_one() {
    let error = refused(&format!("{LEAST}listne = '0.0.0.0:80'"), &[]);
    assert!(error.contains("`listne`") && error.contains("did you mean `listen`?"), "{error}");
    let error = refused(&format!("{LEAST}[proxy]\ntrust = []"), &[]);
    assert!(error.contains("`proxy.trust`") && error.contains("`trusted`?"), "{error}");
    let error = refused(&format!("{LEAST}[payers.a]\nforget = '1 day'"), &[]);
    assert!(error.contains("payers.a.forget"), "{error}");
    let error = refused(&format!("{LEAST}colour = 'red'"), &[]);
    assert!(error.contains("here one may set: listen, public_url"), "{error}");
    let error = refused(LEAST, &[("MENDLINE_PROXI__TRUSTED", "[]")]);
    assert!(error.contains("`proxi`") && error.contains("environment"), "{error}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = format!("{LEAST}listen = '127.0.0.1:1'\n[payers.northwind]\n");
    let given = [
        ("MENDLINE_LISTEN", "127.0.0.1:2"),
        ("MENDLINE_DRAIN_WITHIN_S", "7"),
        ("MENDLINE_PROXY__TRUSTED", r#"["10.0.0.0/8"]"#),
        ("MENDLINE_PAYERS__NORTHWIND__PHARMACIST_DOOR", "false"),
        ("MENDLINE_SEED", "9"),
    ];
    let config = read(&text, &given).unwrap();
    assert_eq!((config.listen.port(), config.drain_within_s), (2, 7));
    assert!(config.proxy.trusted[0].holds("10.9.9.9".parse().unwrap()));
    assert!(config.at_the_counter().is_empty());
}

#[test]
fn a_secret_is_never_printed_and_never_in_the_file() {
    // A key of digits alone stays text, and a database's password stays unsaid.
    let key = "1234567890".repeat(6) + "1234";
    let url = "postgres://mendline:hunter2@db/mendline";
    let given = [("MENDLINE_OPERATOR_KEY", key.as_str()), ("MENDLINE_DATABASE", url)];
    let config = read(LEAST, &given).unwrap();
    assert_eq!(config.operator_key.as_ref().unwrap().expose(), key);
    assert_eq!(config.database_url().unwrap().unwrap().expose(), url);
    let printed = format!("{config:?}");
    assert!(!printed.contains("12345") && !printed.contains("hunter2"), "{printed}");
    let error = refused(&format!("{LEAST}operator_key = '{key}'"), &[]);
    assert!(error.contains("operator_key_file") && !error.contains("12345"), "{error}");
    for url in [url, "postgres://db/mendline?password=hunter2"] {
        let error = refused(&format!("{LEAST}database = '{url}'"), &[]);
        assert!(error.contains("database_file") && !error.contains("hunter2"), "{error}");
    }
    assert!(read(&format!("{LEAST}database = 'postgres://db/mendline'"), &[]).is_ok());
}

#[test]
fn a_channels_secret_comes_from_the_environment_as_text() {
    let account = format!("{LEAST}[twilio]\naccount_sid = 'AC{}'\n", "0".repeat(32));
    let config = read(&account, &[("MENDLINE_TWILIO__AUTH_TOKEN", "0123456789")]).unwrap();
    assert_eq!(config.twilio.unwrap().auth_token.unwrap().expose(), "0123456789");
    let error = refused(&format!("{account}auth_token = '12345'"), &[]);
    assert!(error.contains("twilio.auth_token_file") && !error.contains("12345"), "{error}");
}

#[test]
fn a_secret_may_lie_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("database");
    std::fs::write(&file, "postgres://u:p@db/m\n").unwrap();
    let config = read(&format!("{LEAST}database_file = '{}'", file.display()), &[]).unwrap();
    assert_eq!(config.database_url().unwrap().unwrap().expose(), "postgres://u:p@db/m");
    std::fs::write(&file, "\n").unwrap();
    assert!(format!("{:#}", config.database_url().unwrap_err()).contains("is empty"));
    let both = format!("{LEAST}database_file = 'a'\ndatabase = 'sqlite://b'");
    assert!(refused(&both, &[]).contains("keep one"));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (setting, named) in [
        ("public_url = 'care.example.com'", "public_url"),
        ("public_url = 'https://care.example.com/chat'", "public_url"),
        ("listen = 'everywhere'", "listen"),
        ("proxy.trusted = ['proxy']", "proxy.trusted"),
        ("chat.may_embed = [\"https://a.example; script-src 'none'\"]", "chat.may_embed"),
        ("payers.a.forget_after = '7 moons'", "payers.a.forget_after"),
        ("outbound.flows.refill = -1", "outbound.flows.refill"),
        ("drain_within_s = 'long'", "drain_within_s"),
    ] {
        let text = if setting.starts_with("public") {
            setting.into()
        } else {
            format!("{LEAST}{setting}")
        };
        let error = refused(&text, &[]);
        assert!(error.contains(named), "{setting}: {error}");
    }
}

/// The names that a section takes, as its own refusal lists them.
fn known(section: &str) -> Vec<&'static str> {
    let text = format!("{LEAST}{section}\n'?' = 1\n");
    let error = Figment::new().merge(Toml::string(&text)).extract::<Config>().unwrap_err();
    let figment::error::Kind::UnknownField(_, known) = error.kind else { panic!("{error}") };
    known.to_vec()
}

#[test]
fn the_example_explains_every_setting_and_each_line_of_it_holds() {
    assert!(read(EXAMPLE, &[]).is_ok(), "{:?}", read(EXAMPLE, &[]));
    for section in
        ["", "[proxy]", "[chat]", "[payers.northwind]", "[outbound]", "[metrics]", "[otel]"]
    {
        // Where a section of the example ends: at the next one.
        let after = EXAMPLE.split_once(section).map_or("", |it| it.1);
        let of_it = after.split("\n[").next().unwrap_or_default();
        for name in known(section) {
            let set = format!("\n{name} =");
            let shown = format!("\n# {name} =");
            let as_section = [
                "proxy",
                "chat",
                "payers",
                "outbound",
                "metrics",
                "otel",
                "sign_in",
                "telegram",
                "discord",
                "twilio",
                "email",
                "clearance",
                "programme",
            ]
            .contains(&name)
                || (section, name) == ("[outbound]", "flows");
            let told = of_it.contains(&set) || of_it.contains(&shown);
            assert!(
                told || as_section || name == "operator_key",
                "{section} {name} is not explained in docs/mendline.toml"
            );
        }
    }
    // Every line that is shown behind a `#` may be used.
    let is_setting = |line: &str| {
        let name = line.strip_prefix("# ").and_then(|it| it.split_once(" = ")).map(|it| it.0);
        name.is_some_and(|it| it.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'))
    };
    // A whole section behind `#` is used as a whole.
    let sections = |it: &&str| it.lines().any(|line| line.starts_with("# ["));
    let (whole, single): (Vec<_>, Vec<_>) = EXAMPLE.split("\n\n").partition(sections);
    for block in whole {
        let used = |line: &str| match line.strip_prefix("# ") {
            Some(it) if is_setting(line) || it.starts_with('[') => it.to_owned(),
            _ => line.to_owned(),
        };
        let used: Vec<_> = block.lines().map(used).collect();
        let text = EXAMPLE.replace(block, &used.join("\n"));
        assert_ne!(text, EXAMPLE);
        assert!(read(&text, &[]).is_ok(), "{block}: {:?}", read(&text, &[]));
    }
    for line in single.iter().flat_map(|it| it.lines()).filter(|it| is_setting(it)) {
        let text = EXAMPLE.replace(line, line.trim_start_matches("# "));
        assert!(read(&text, &[]).is_ok(), "{line}: {:?}", read(&text, &[]));
    }
}
