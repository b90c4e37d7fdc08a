//! "Did you mean".

/// How much alike two names must be, 0 to 1, before one is offered for the other. Jaro-Winkler;
/// at 0.8 `pharamcy` finds `pharmacy`, and `adjuster` does not find `pharmacy`.
const ALIKE: f64 = 0.8;

/// Offers the nearest of `names`, then `otherwise`.
pub(super) fn did_you_mean<'a, N>(wrong: &str, names: N, otherwise: &str) -> String
where
    N: IntoIterator,
    N::Item: AsRef<str> + 'a,
{
    let likeness = |it: &N::Item| strsim::jaro_winkler(wrong, it.as_ref());
    let best = names
        .into_iter()
        .map(|it| (likeness(&it), it))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, name)) => format!("did you mean '{}'? If not, {otherwise}", name.as_ref()),
        None => otherwise.to_owned(),
    }
}
