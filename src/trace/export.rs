//! Ships spans to a collector, on a thread of its own.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use tracing::warn;

use super::{Placed, Span};

/// Spans that wait for the collector. More are dropped: the house does not wait for who watches.
const QUEUE_MAX: usize = 8_192;
/// Spans in one request.
const BATCH_MAX: usize = 512;
/// How long a span waits for others.
const GATHER: Duration = Duration::from_secs(2);
/// How long the collector may take over a batch.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where OTLP over HTTP takes traces.
const PATH: &str = "v1/traces";

/// The way to a collector.
pub(super) struct Exporter(BatchSpanProcessor);

impl Exporter {
    pub(super) fn to(endpoint: &str) -> anyhow::Result<Exporter> {
        let known = endpoint.starts_with("http://") || endpoint.starts_with("https://");
        ensure!(known, "'{endpoint}' is no OTLP endpoint like http://127.0.0.1:4318");
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Light::default())
            .with_endpoint(format!("{}/{PATH}", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .with_context(|| format!("sending traces to {endpoint}"))?;
        let limits = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(GATHER)
            .build();
        let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(limits).build();
        let house = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource =
            Resource::builder_empty().with_service_name("mendline").with_attribute(house);
        processor.set_resource(&resource.build());
        Ok(Exporter(processor))
    }

    pub(super) fn send(&self, name: &'static str, at: Placed, began: SystemTime, span: Span) {
        let context = SpanContext::new(
            at.own.trace.into(),
            at.own.span.into(),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        );
        let kind = match name {
            "arrival" => SpanKind::Server,
            "send" | "call" => SpanKind::Client,
            _ => SpanKind::Internal,
        };
        self.0.on_end(SpanData {
            span_context: context,
            parent_span_id: at.parent.unwrap_or(0).into(),
            parent_span_is_remote: false,
            span_kind: kind,
            name: name.into(),
            start_time: began,
            end_time: SystemTime::now(),
            attributes: attributes(span),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("mendline").build(),
        });
    }

    pub(super) fn flush(&self) {
        if let Err(error) = self.0.force_flush() {
            warn!("the last traces were not sent: {error}");
        }
    }
}

fn attributes(span: Span) -> Vec<KeyValue> {
    let Span { payer, conversation, flow, channel, action, result, attempt } = span;
    let words = [
        ("mendline.payer", Some(payer)),
        ("mendline.conversation", conversation),
        ("mendline.flow", flow),
        ("mendline.channel", channel),
        ("mendline.action", action),
        ("mendline.result", result.map(str::to_owned)),
    ];
    let words = words.into_iter().filter_map(|(key, it)| it.map(|it| KeyValue::new(key, it)));
    words.chain(attempt.map(|it| KeyValue::new("mendline.attempt", i64::from(it)))).collect()
}

/// A client that waits on the exporter's own thread.
#[derive(Clone, Debug)]
struct Light(ureq::Agent);

impl Default for Light {
    fn default() -> Light {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build();
        Light(config.new_agent())
    }
}

#[async_trait]
impl HttpClient for Light {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.to_vec());
        let response = self.0.run(request)?;
        let (head, mut body) = response.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}
