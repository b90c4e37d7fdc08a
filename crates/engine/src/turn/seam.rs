//! Where the turn touches conditions: what they cannot compute is a fault of the flow.

use serde_json::Value;

use crate::condition::Expr;
use crate::state::Fields;
use crate::turn::Fault;

/// Computes an expression over the fields.
pub(super) fn eval(expr: &Expr, fields: &Fields) -> Result<Value, Fault> {
    let fault = |why: crate::condition::ExprError| Fault::Eval {
        expr: expr.source.clone(),
        why: why.to_string(),
    };
    expr.eval(fields).map_err(fault)
}
