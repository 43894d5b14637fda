/** Every metric of the three programs, declared once: `modelwright_<subject>_<unit>[_total]`. */
export const metricNames = {
  requests: "modelwright_requests_total",
  requestDuration: "modelwright_request_duration_seconds",
  requestsInFlight: "modelwright_requests_in_flight",
  inferences: "modelwright_inferences_total",
  inferenceDuration: "modelwright_inference_duration_seconds",
  engineDuration: "modelwright_engine_duration_seconds",
  queueLength: "modelwright_queue_length_requests",
  batchSize: "modelwright_batch_size_rows",
  modelMemory: "modelwright_model_memory_bytes",
  modelLoadFailures: "modelwright_model_load_failures_total",
  modelLoadDuration: "modelwright_model_load_duration_seconds",
  modelState: "modelwright_model_state_info",
  gatewayRequests: "modelwright_gateway_requests_total",
  gatewayRequestDuration: "modelwright_gateway_request_duration_seconds",
  gatewayHeldRequests: "modelwright_gateway_held_requests",
  gatewayRefusedRequests: "modelwright_gateway_refused_requests_total",
  gatewayRepeatedRequests: "modelwright_gateway_repeated_requests_total",
  gatewayMirroredRequests: "modelwright_gateway_mirrored_requests_total",
  gatewayRouteTableVersion: "modelwright_gateway_route_table_version",
  reconciles: "modelwright_reconciles_total",
  reconcileDuration: "modelwright_reconcile_duration_seconds",
  queueDepth: "modelwright_queue_depth_keys",
  queueLatency: "modelwright_queue_latency_seconds",
  apiRequests: "modelwright_api_requests_total",
  watchEnds: "modelwright_watch_ends_total",
  figuresPulls: "modelwright_figures_pulls_total",
  figuresPullDuration: "modelwright_figures_pull_duration_seconds",
  candidateWeight: "modelwright_candidate_weight_ratio",
  candidateVerdict: "modelwright_candidate_verdict_info",
  candidateDivergence: "modelwright_candidate_divergence_ratio",
} as const;

/** Names that TensorFlow Serving gives what we count as well, so that dashboards made for it go on. */
export const tensorflowMetricNames = {
  requestCount: ":tensorflow:serving:request_count",
  requestLatency: ":tensorflow:serving:request_latency",
} as const;
