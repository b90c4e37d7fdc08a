//! Where the turn touches conditions: what they cannot compute is a fault of the flow.

use serde_json::Value;

use crate::condition::Expr;
use crate::turn::Fault;

/// Computes an expression over fields and parties, which `look` finds by name.
pub(super) fn eval<'a>(
    expr: &Expr,
    look: impl Fn(&str) -> Option<&'a Value>,
) -> Result<Value, Fault> {
    let fault = |why: crate::condition::ExprError| Fault::Eval {
        expr: expr.source.clone(),
        why: why.to_string(),
    };
    expr.eval_with(look).map_err(fault)
}
