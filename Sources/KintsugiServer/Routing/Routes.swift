import HTTPTypes
import KintsugiVocabulary
import KintsugiWire

/// Every operation of the API with who may: the same as in the OpenAPI document, which a test compares.
enum Routes {
    static let all: [Route] =
        open + tasks + reports + deadLetters + bulk + agents + recovery + alerts + rest

    /// The operations and the dashboard.
    static let served: [Route] = all + dashboard

    private static let dashboard: [Route] = [HTTPRequest.Method.get, .head].flatMap { method in
        Paths.pages.map { Route(method, $0, .everyone, DashboardHandlers.page) } + [
            Route(method, Paths.assets + "**", .everyone, DashboardHandlers.asset),
            Route(method, Paths.icon, .everyone, DashboardHandlers.icon),
        ]
    }

    private static let open = [
        Route(.get, Paths.livez, .everyone, OpenHandlers.live),
        Route(.get, Paths.readyz, .everyone, OpenHandlers.ready),
        Route(.get, Paths.metrics, .local(orAtLeast: .viewer), OpenHandlers.metrics),
        Route(.get, Paths.openAPI, .everyone, OpenHandlers.openAPI),
        Route(.get, Paths.problem, .everyone, OpenHandlers.problem),
    ]

    private static let tasks = [
        Route(.post, Paths.tasks, .atLeast(.operator), TaskHandlers.create),
        Route(.get, Paths.tasks, .atLeast(.viewer), TaskListHandlers.list),
        Route(.post, Paths.taskBatch, .atLeast(.operator), TaskHandlers.createBatch),
        Route(.get, Paths.health, .atLeast(.viewer), MonitoringHandlers.health),
        Route(.get, Paths.task, .atLeast(.viewer), TaskHandlers.show),
        Route(.post, Paths.cancelTask, .atLeast(.operator), TaskHandlers.cancel),
        Route(.post, Paths.retryTask, .atLeast(.operator), TaskHandlers.retry),
        Route(.post, Paths.decideTask, .atLeast(.operator), TaskHandlers.decide),
        Route(.get, Paths.timeline, .atLeast(.viewer), HistoryHandlers.timeline),
        Route(.get, Paths.attempts, .atLeast(.viewer), HistoryHandlers.attempts),
    ]

    private static let reports = [
        Route(.post, Paths.reportProgress, .attemptToken, ReportHandlers.progress),
        Route(.post, Paths.reportComplete, .attemptToken, ReportHandlers.complete),
        Route(.post, Paths.reportFail, .attemptToken, ReportHandlers.fail),
    ]

    private static let deadLetters = [
        Route(.get, Paths.failedTasks, .atLeast(.viewer), FailedTaskHandlers.list),
        Route(.get, Paths.failedTaskSummary, .atLeast(.viewer), MonitoringHandlers.deadLetterSummary),
        Route(.get, Paths.failedTaskGroups, .atLeast(.viewer), FailedTaskHandlers.groups),
        Route(.post, Paths.failedTaskBulk, .atLeast(.operator), BulkHandlers.startOnFailedTasks),
        Route(.get, Paths.failedTask, .atLeast(.viewer), FailedTaskHandlers.show),
        Route(.post, Paths.retryFailedTask, .atLeast(.operator), FailedTaskHandlers.retry),
        Route(.post, Paths.resolveFailedTask, .atLeast(.operator), FailedTaskHandlers.resolve),
        Route(.post, Paths.discardFailedTask, .atLeast(.operator), FailedTaskHandlers.discard),
    ]

    private static let bulk = [
        Route(.post, Paths.taskBulk, .atLeast(.operator), BulkHandlers.startOnTasks),
        Route(.get, Paths.bulkOperations, .atLeast(.viewer), BulkHandlers.list),
        Route(.get, Paths.bulkOperation, .atLeast(.viewer), BulkHandlers.show),
        Route(.post, Paths.pauseBulkOperation, .atLeast(.operator), BulkHandlers.pause),
        Route(.post, Paths.resumeBulkOperation, .atLeast(.operator), BulkHandlers.resume),
        Route(.post, Paths.cancelBulkOperation, .atLeast(.operator), BulkHandlers.cancel),
    ]

    private static let agents = [
        Route(.post, Paths.agents, .atLeast(.admin), AgentHandlers.register),
        Route(.get, Paths.agents, .atLeast(.viewer), AgentHandlers.list),
        Route(.get, Paths.agent, .atLeast(.viewer), AgentHandlers.show),
        Route(.get, Paths.agentStats, .atLeast(.admin), StatsHandlers.agent),
        Route(.patch, Paths.agent, .atLeast(.admin), AgentHandlers.change),
        Route(.delete, Paths.agent, .atLeast(.admin), AgentHandlers.remove),
        Route(.post, Paths.rotateAgentSecret, .atLeast(.admin), AgentHandlers.rotate),
        Route(.post, Paths.testAgent, .atLeast(.admin), AgentHandlers.test),
    ]

    private static let recovery = [
        Route(.get, Paths.strategies, .atLeast(.viewer), StrategyHandlers.list),
        Route(.get, Paths.strategiesForError, .atLeast(.viewer), StrategyHandlers.show),
        Route(.post, Paths.fallbackChains, .atLeast(.operator), ChainHandlers.create),
        Route(.get, Paths.fallbackChains, .atLeast(.operator), ChainHandlers.list),
        Route(.get, Paths.fallbackChain, .atLeast(.operator), ChainHandlers.show),
        Route(.put, Paths.fallbackChain, .atLeast(.operator), ChainHandlers.replace),
        Route(.delete, Paths.fallbackChain, .atLeast(.operator), ChainHandlers.remove),
        Route(.post, Paths.simulateChain, .atLeast(.operator), SimulationHandlers.ofChain),
        Route(.post, Paths.simulate, .atLeast(.operator), SimulationHandlers.ofDraft),
    ]

    private static let alerts = [
        Route(.get, Paths.alerts, .atLeast(.viewer), AlertHandlers.list),
        Route(.get, Paths.alert, .atLeast(.viewer), AlertHandlers.show),
        Route(.post, Paths.acknowledgeAlert, .atLeast(.operator), AlertHandlers.acknowledge),
        Route(.post, Paths.resolveAlert, .atLeast(.operator), AlertHandlers.resolve),
        Route(.post, Paths.alertChannels, .atLeast(.admin), ChannelHandlers.create),
        Route(.get, Paths.alertChannels, .atLeast(.admin), ChannelHandlers.list),
        Route(.get, Paths.alertChannel, .atLeast(.admin), ChannelHandlers.show),
        Route(.patch, Paths.alertChannel, .atLeast(.admin), ChannelHandlers.change),
        Route(.delete, Paths.alertChannel, .atLeast(.admin), ChannelHandlers.remove),
        Route(.post, Paths.testAlertChannel, .atLeast(.admin), ChannelHandlers.test),
        Route(.get, Paths.alertDeliveries, .atLeast(.admin), ChannelHandlers.deliveries),
        Route(.post, Paths.rotateAlertChannelSecret, .atLeast(.admin), ChannelHandlers.rotate),
        Route(.post, Paths.alertSilences, .atLeast(.admin), SilenceHandlers.create),
        Route(.get, Paths.alertSilences, .atLeast(.admin), SilenceHandlers.list),
        Route(.get, Paths.alertSilence, .atLeast(.admin), SilenceHandlers.show),
        Route(.delete, Paths.alertSilence, .atLeast(.admin), SilenceHandlers.remove),
    ]

    private static let rest = [
        Route(.get, Paths.stats, .atLeast(.viewer), StatsHandlers.series),
        Route(.get, Paths.audit, .atLeast(.admin), AuditHandlers.list),
        Route(.get, Paths.circuitBreakers, .atLeast(.viewer), BreakerHandlers.list),
        Route(.post, Paths.openCircuitBreaker, .atLeast(.admin), BreakerHandlers.open),
        Route(.post, Paths.closeCircuitBreaker, .atLeast(.admin), BreakerHandlers.close),
        Route(.get, Paths.stream, .atLeast(.viewer), StreamHandlers.stream),
        Route(.get, Paths.me, .atLeast(.viewer), KeyHandlers.me),
        Route(.post, Paths.session, .everyone, SessionHandlers.signIn),
        Route(.delete, Paths.session, .everyone, SessionHandlers.signOut),
        Route(.post, Paths.apiKeys, .atLeast(.admin), KeyHandlers.make),
        Route(.get, Paths.apiKeys, .atLeast(.admin), KeyHandlers.list),
        Route(.delete, Paths.apiKey, .atLeast(.admin), KeyHandlers.revoke),
    ]
}
