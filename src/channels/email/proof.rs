//! Whether a mail is from whom it says, by the word of the operator's own mail server: the header
//! `Authentication-Results` (RFC 8601). Nothing is looked up and no signature is checked here. Pure.
//!
//! Anybody can write such a header into a mail. The word of one host counts, the one that the
//! settings name, and that host takes out what others wrote in its name (RFC 8601, 5).

/// One result: `dkim=pass header.d=example.com`.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl Outcome {
    /// The domain that a property names.
    fn domain(&self, name: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(it, _)| it == name)?;
        Some(found.1.rsplit_once('@').map_or(found.1.as_str(), |(_, domain)| domain))
    }
}

/// Whether a mail from an address at `domain` is proved to be, by these headers.
///
/// A DMARC result decides. Without one a DKIM signature or an SPF pass of the very domain does,
/// which is DMARC's strict alignment (RFC 7489, 3.1).
pub fn proves<'a>(headers: impl Iterator<Item = &'a str>, host: &str, domain: &str) -> bool {
    let outcomes: Vec<Outcome> = headers.filter_map(|it| outcomes(it, host)).flatten().collect();
    let is = |it: &Outcome, name: &str| {
        it.domain(name).is_some_and(|it| it.eq_ignore_ascii_case(domain))
    };
    let of = |method: &'static str| outcomes.iter().filter(move |it| it.method == method);
    if of("dmarc").next().is_some() {
        let about = |it: &Outcome| it.domain("header.from").is_none() || is(it, "header.from");
        return of("dmarc").all(|it| it.result == "pass" && about(it));
    }
    let signed = |it: &Outcome| is(it, "header.d") || is(it, "header.i");
    of("dkim").any(|it| it.result == "pass" && signed(it))
        || of("spf").any(|it| it.result == "pass" && is(it, "smtp.mailfrom"))
}

/// What a header says, if the host said it.
fn outcomes(header: &str, host: &str) -> Option<Vec<Outcome>> {
    let plain = uncommented(header);
    let mut parts = plain.split(';');
    let by = parts.next()?.split_whitespace().next()?;
    by.eq_ignore_ascii_case(host).then(|| parts.filter_map(outcome).collect())
}

fn outcome(part: &str) -> Option<Outcome> {
    // "a = b" is "a=b".
    let joined = part.split('=').map(str::trim).collect::<Vec<_>>().join("=");
    let mut words = joined.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let method = method.split('/').next().unwrap_or(method).to_ascii_lowercase();
    let properties = words.filter_map(|it| it.split_once('='));
    let properties = properties.map(|(name, it)| (name.to_ascii_lowercase(), it.to_owned()));
    let result = result.to_ascii_lowercase();
    Some(Outcome { method, result, properties: properties.collect() })
}

/// Without comments and quotes; what is quoted takes part in nothing, so that a reason cannot pass
/// for a result.
fn uncommented(header: &str) -> String {
    let (mut plain, mut depth, mut quoted) = (String::new(), 0_u32, false);
    let mut signs = header.chars();
    while let Some(it) = signs.next() {
        match it {
            '\\' if quoted || depth > 0 => drop(signs.next()),
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth = depth.saturating_add(1),
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if quoted || depth > 0 => {}
            it if it.is_whitespace() => plain.push(' '),
            it => plain.push(it),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proved(headers: &[&str]) -> bool {
        proves(headers.iter().copied(), "mx.example.com", "example.net")
    }

    #[test]
    fn a_pass_of_our_own_host_for_the_senders_domain_proves_it() {
        for fine in [
            "mx.example.com; dmarc=pass (p=reject dis=none) header.from=example.net",
            "MX.example.com 1;\r\n dkim=pass (2048-bit key) header.d=Example.net header.i=@example.net;\r\n dmarc=pass header.from=example.net",
            "mx.example.com; dkim=pass header.d=example.net",
            "mx.example.com; dkim=pass header.i=ana@example.net",
            "mx.example.com; spf = pass smtp.mailfrom=ana@example.net",
            "mx.example.com; dkim=fail header.d=example.net; dmarc=pass header.from=example.net",
        ] {
            assert!(proved(&[fine]), "{fine}");
        }
    }

    #[test]
    fn anything_less_proves_nothing() {
        for wrong in [
            "",
            ";;;===",
            "mx.example.com; none",
            "mx.example.com; dmarc=fail header.from=example.net",
            "mx.example.com; dmarc=none header.from=example.net; spf=pass smtp.mailfrom=example.net",
            "mx.example.com; dmarc=pass header.from=example.org",
            "mx.evil.example; dmarc=pass header.from=example.net",
            "mx.example.com.evil.example; dmarc=pass header.from=example.net",
            "mx.example.com; dkim=pass header.d=evil.example",
            "mx.example.com; dkim=pass header.d=net",
            "mx.example.com; spf=softfail smtp.mailfrom=example.net",
            "mx.example.com; spf=pass smtp.helo=example.net",
            "mx.example.com; x=y (dmarc=pass; dkim=pass header.d=example.net)",
            "mx.example.com; spf=fail reason=\"; dkim=pass header.d=example.net\"",
            "mx.example.com; arc=pass; auth=pass header.d=example.net",
        ] {
            assert!(!proved(&[wrong]), "{wrong}");
        }
        assert!(!proved(&[]));
    }

    #[test]
    fn of_two_words_the_worse_one_counts() {
        let (pass, fail) =
            ("mx.example.com; dmarc=pass header.from=example.net", "mx.example.com; dmarc=fail");
        assert!(!proved(&[pass, fail]) && !proved(&[fail, pass]));
        assert!(proved(&["mx.evil.example; dmarc=fail", pass]));
    }
}
