//! A small client of the WebDriver protocol (W3C, <https://www.w3.org/TR/webdriver2/>): what the
//! tests of this folder need, over plain HTTP on loopback, and nothing more.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take to appear. A worker would have given up earlier; a machine that
/// compiles beside the test has not.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks. Short enough that nobody notices, long enough to leave the server the CPU.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// The key under which WebDriver answers with an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What chromium is told: no window, no calls home, no network but ours.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

/// A running chromedriver.
pub struct Driver {
    child: Child,
    base: String,
}

impl Driver {
    /// Starts one on a port of its own choice, if browser and driver are there. Without them the
    /// test says so where everybody sees it, and fails where a machine should have had them.
    pub fn start() -> Option<Driver> {
        let missing: Vec<_> =
            ["chromium", "chromedriver"].into_iter().filter(|it| !is_there(it)).collect();
        if missing.is_empty() {
            return Some(Driver::spawn());
        }
        let words = format!("NOT RUN: the browser test needs {}", missing.join(" and "));
        assert!(std::env::var_os("CI").is_none(), "{words}");
        // Straight to standard error: the test's own output is swallowed when it passes.
        let _ = writeln!(std::io::stderr(), "\n{words}\n");
        None
    }

    fn spawn() -> Driver {
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = out.next().expect("chromedriver says its port").unwrap();
            if let Some((_, port)) = line.rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        std::thread::spawn(move || out.for_each(drop));
        Driver { child, base: format!("http://127.0.0.1:{port}") }
    }

    /// A fresh browser: no cookies, nobody known.
    pub fn browser(&self) -> Browser {
        self.browser_of(Rc::new(tempfile::tempdir().unwrap()))
    }

    /// Closes a browser as a hand would, and opens it again on the same machine.
    pub fn again(&self, closed: Browser) -> Browser {
        let profile = closed.profile.clone();
        drop(closed);
        self.browser_of(profile)
    }

    fn browser_of(&self, profile: Rc<TempDir>) -> Browser {
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile_flag.as_str()]).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags, "binary": which("chromium") },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        } } });
        let began = call("POST", &format!("{}/session", self.base), Some(&wanted)).unwrap();
        let id = began["sessionId"].as_str().unwrap();
        let browser = Browser { base: format!("{}/session/{id}", self.base), profile };
        browser.size(1280, 900);
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn which(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())?;
    found.to_str().map(str::to_owned)
}

fn is_there(program: &str) -> bool {
    which(program).is_some()
}

/// One request; WebDriver's own error words if it is refused.
fn call(method: &str, url: &str, body: Option<&Value>) -> Result<Value, String> {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.timeout_global(Some(2 * PATIENCE)).build().into();
    let request = ureq::http::Request::builder().method(method).uri(url);
    let body = body.map_or_else(|| "{}".to_owned(), Value::to_string);
    let request = request.header("content-type", "application/json").body(body).unwrap();
    let mut answer = agent.run(request).map_err(|it| it.to_string())?;
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string();
    let value: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let value = value["value"].clone();
    if answer.status().is_success() { Ok(value) } else { Err(value["message"].to_string()) }
}

/// One browser with one page: one person.
pub struct Browser {
    base: String,
    profile: Rc<TempDir>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the page said:\n{}", self.text());
        }
        let _ = call("DELETE", &self.base, None);
    }
}

impl Browser {
    fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        call("POST", &format!("{}/{path}", self.base), Some(&body))
    }

    pub fn open(&self, url: &str) {
        self.post("url", json!({ "url": url })).unwrap();
    }

    /// Runs script on the page and answers with what it returns.
    pub fn script(&self, script: &str) -> Result<Value, String> {
        self.post("execute/sync", json!({ "script": script, "args": [] }))
    }

    /// Runs script that answers through its last argument.
    pub fn script_later(&self, script: &str) -> Value {
        self.post("execute/async", json!({ "script": script, "args": [] })).unwrap()
    }

    /// A command of Chrome's own protocol.
    pub fn chrome(&self, command: &str, params: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": params })).unwrap()
    }

    /// A line to the server that is this slow (Chrome's own addition to WebDriver).
    pub fn line(&self, latency_ms: u32, bytes_per_second: u32) {
        let line =
            json!({ "offline": false, "latency": latency_ms, "throughput": bytes_per_second });
        self.post("chromium/network_conditions", json!({ "network_conditions": line })).unwrap();
    }

    /// What the page says, as a reader sees it.
    pub fn text(&self) -> String {
        let text = self.script("return document.body.innerText").unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Looks until the expression is true. Pages that are on their way to the next one are
    /// looked at again.
    pub fn until(&self, what: &str, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        let script = format!("return Boolean({expression})");
        while self.script(&script) != Ok(Value::Bool(true)) {
            assert!(Instant::now() < deadline, "{what}: not in time. The page: {}", self.text());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Looks until the page says these words.
    pub fn sees(&self, words: &str) {
        let quoted = json!(words);
        self.until(words, &format!("document.body.innerText.includes({quoted})"));
    }

    fn find(&self, xpath: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.post("element", json!({ "using": "xpath", "value": xpath }));
            match found {
                Ok(found) => return found[ELEMENT].as_str().unwrap().to_owned(),
                Err(why) => assert!(Instant::now() < deadline, "{xpath}: {why}: {}", self.text()),
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Clicks as a hand would: what lies under something else is not clicked.
    pub fn click(&self, xpath: &str) {
        self.does(xpath, "click", json!({}));
    }

    /// A page that is being renewed may take the thing away between the look and the deed; then it
    /// is looked for again.
    fn does(&self, xpath: &str, deed: &str, with: Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element = self.find(xpath);
            match self.post(&format!("element/{element}/{deed}"), with.clone()) {
                Ok(_) => return,
                Err(why) => {
                    let renewed = why.contains("stale element") && Instant::now() < deadline;
                    assert!(renewed, "{xpath}: {why}");
                }
            }
        }
    }

    /// Clicks the button or link that reads so, or begins so.
    pub fn tap(&self, label: &str) {
        let reads = format!("starts-with(normalize-space(.), \"{label}\")");
        self.click(&format!("//*[(self::button or self::a or self::summary) and {reads}]"));
    }

    /// Types into a field.
    pub fn write(&self, id: &str, words: &str) {
        self.does(&format!("//*[@id='{id}']"), "value", json!({ "text": words }));
    }

    /// Presses keys one after the other, wherever the focus is. WebDriver writes Tab as U+E004
    /// and Enter as U+E007.
    pub fn keys(&self, keys: &str) {
        let pressed = keys.chars().flat_map(|it| {
            let key = it.to_string();
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        });
        let pressed: Vec<_> = pressed.collect();
        let hand = json!({ "type": "key", "id": "keyboard", "actions": pressed });
        self.post("actions", json!({ "actions": [hand] })).unwrap();
    }

    /// From here on, what is looked at and done is in the frame that this script returns.
    pub fn enter_frame(&self, script: &str) {
        let frame = self.script(script).unwrap();
        self.post("frame", json!({ "id": frame })).unwrap();
    }

    /// Back to the page itself.
    pub fn to_the_top(&self) {
        self.post("frame", json!({ "id": null })).unwrap();
    }

    /// A screen of this size.
    pub fn size(&self, width: u32, height: u32) {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.chrome("Emulation.setDeviceMetricsOverride", screen);
    }

    /// A reader who likes it dark, or light.
    pub fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.chrome("Emulation.setEmulatedMedia", json!({ "features": features }));
    }
}
