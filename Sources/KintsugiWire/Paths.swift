/// Every path of the API, spelled here and nowhere else; captures stand in braces as in the OpenAPI document.
public enum Paths {
    public static let livez = "/livez"
    public static let readyz = "/readyz"
    public static let metrics = "/metrics"
    public static let openAPI = "/openapi.json"
    public static let problem = "/problems/{slug}"

    public static let stream = "/api/v1/stream"
    public static let session = "/api/v1/session"
    public static let me = "/api/v1/me"
    public static let tasks = "/api/v1/tasks"
    public static let taskBatch = "/api/v1/tasks/batch"
    public static let health = "/api/v1/tasks/monitoring/health"
    public static let task = "/api/v1/tasks/{id}"
    public static let cancelTask = "/api/v1/tasks/{id}/cancel"
    public static let retryTask = "/api/v1/tasks/{id}/retry"
    public static let decideTask = "/api/v1/tasks/{id}/decide"
    public static let timeline = "/api/v1/tasks/{id}/timeline"
    public static let attempts = "/api/v1/tasks/{id}/attempts"
    public static let reportProgress = "/api/v1/tasks/{id}/progress"
    public static let reportComplete = "/api/v1/tasks/{id}/complete"
    public static let reportFail = "/api/v1/tasks/{id}/fail"
    public static let failedTasks = "/api/v1/failed-tasks"
    public static let failedTaskSummary = "/api/v1/failed-tasks/summary"
    public static let failedTaskGroups = "/api/v1/failed-tasks/groups"
    public static let failedTaskBulk = "/api/v1/failed-tasks/bulk"
    public static let taskBulk = "/api/v1/tasks/bulk"
    public static let bulkOperations = "/api/v1/bulk-operations"
    public static let bulkOperation = "/api/v1/bulk-operations/{id}"
    public static let pauseBulkOperation = "/api/v1/bulk-operations/{id}/pause"
    public static let resumeBulkOperation = "/api/v1/bulk-operations/{id}/resume"
    public static let cancelBulkOperation = "/api/v1/bulk-operations/{id}/cancel"
    public static let failedTask = "/api/v1/failed-tasks/{id}"
    public static let retryFailedTask = "/api/v1/failed-tasks/{id}/retry"
    public static let resolveFailedTask = "/api/v1/failed-tasks/{id}/resolve"
    public static let discardFailedTask = "/api/v1/failed-tasks/{id}/discard"
    public static let agents = "/api/v1/agents"
    public static let agent = "/api/v1/agents/{id}"
    public static let agentStats = "/api/v1/agents/{id}/stats"
    public static let rotateAgentSecret = "/api/v1/agents/{id}/rotate-secret"
    public static let testAgent = "/api/v1/agents/{id}/test"
    public static let circuitBreakers = "/api/v1/circuit-breakers"
    public static let openCircuitBreaker = "/api/v1/circuit-breakers/{provider}/open"
    public static let closeCircuitBreaker = "/api/v1/circuit-breakers/{provider}/close"
    public static let strategies = "/api/v1/recovery/strategies"
    public static let strategiesForError = "/api/v1/recovery/strategies/{error_type}"
    public static let fallbackChains = "/api/v1/recovery/fallback-chain"
    public static let fallbackChain = "/api/v1/recovery/fallback-chain/{id}"
    public static let simulateChain = "/api/v1/recovery/fallback-chain/{id}/simulate"
    public static let simulate = "/api/v1/recovery/simulate"
    public static let stats = "/api/v1/stats"
    public static let audit = "/api/v1/audit"
    public static let alerts = "/api/v1/alerts"
    public static let alert = "/api/v1/alerts/{id}"
    public static let acknowledgeAlert = "/api/v1/alerts/{id}/acknowledge"
    public static let resolveAlert = "/api/v1/alerts/{id}/resolve"
    public static let alertChannels = "/api/v1/alert-channels"
    public static let alertChannel = "/api/v1/alert-channels/{id}"
    public static let testAlertChannel = "/api/v1/alert-channels/{id}/test"
    public static let alertDeliveries = "/api/v1/alert-channels/{id}/deliveries"
    public static let rotateAlertChannelSecret = "/api/v1/alert-channels/{id}/rotate-secret"
    public static let alertSilences = "/api/v1/alert-silences"
    public static let alertSilence = "/api/v1/alert-silences/{id}"
    public static let apiKeys = "/api/v1/api-keys"
    public static let apiKey = "/api/v1/api-keys/{id}"

    /// Addresses of the dashboard, which all answer the same page.
    public static let pages = [
        "/", "/tasks", "/tasks/{id}", "/dead-letters", "/dead-letters/{id}", "/breakers", "/recovery",
        "/recovery/{id}", "/alerts", "/alerts/{id}", "/agents", "/agents/{id}", "/live", "/settings", "/docs",
        signIn,
    ]
    public static let signIn = "/sign-in"
    /// The dashboard's files are below it.
    public static let assets = "/assets/"
    public static let icon = "/favicon.ico"

    /// The path with its one capture filled in.
    public static func filled(_ path: String, _ value: String) -> String {
        guard let open = path.firstIndex(of: "{"), let close = path.firstIndex(of: "}") else { return path }
        return path[..<open] + value + path[path.index(after: close)...]
    }
}
