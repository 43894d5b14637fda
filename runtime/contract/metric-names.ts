/** Every metric of the three programs, declared once: `modelwright_<subject>_<unit>[_total]`. */
export const metricNames = {
  requests: "modelwright_requests_total",
  requestDuration: "modelwright_request_duration_seconds",
  requestsInFlight: "modelwright_requests_in_flight",
  batchSize: "modelwright_batch_size_rows",
  modelLoadDuration: "modelwright_model_load_duration_seconds",
  modelState: "modelwright_model_state_info",
  gatewayRequests: "modelwright_gateway_requests_total",
  gatewayRequestDuration: "modelwright_gateway_request_duration_seconds",
  gatewayHeldRequests: "modelwright_gateway_held_requests",
  gatewayRouteTableVersion: "modelwright_gateway_route_table_version",
  reconciles: "modelwright_reconciles_total",
  reconcileDuration: "modelwright_reconcile_duration_seconds",
  queueDepth: "modelwright_queue_depth_keys",
  queueLatency: "modelwright_queue_latency_seconds",
  apiRequests: "modelwright_api_requests_total",
  watchEnds: "modelwright_watch_ends_total",
} as const;
