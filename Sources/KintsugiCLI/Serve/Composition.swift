import Foundation
import Kintsugi
import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiSQLite
import KintsugiServer
import KintsugiTelemetry
import KintsugiWire
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A whole server, put together from its boxes: the only place that knows them all.
final class Composition: Sendable {
    let engine: Engine
    let store: SQLiteStore
    let http: HTTPAgentCaller
    private let channels: ChannelCaller
    let folder: DataFolder
    private let keys: KeyRing
    /// The admin key that was made now; nil if there was one.
    let newAdminKey: String?
    private let group: ServiceGroup
    private let address: Address

    /// Where the server really listens: known once it does.
    private final class Address: Sendable {
        let host: String
        let publicURL: String?
        private let port = Atomic(0)

        init(host: String, publicURL: String?) {
            self.host = host
            self.publicURL = publicURL
        }

        var url: String {
            if let publicURL { return publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL }
            let reachable = host == "0.0.0.0" ? "127.0.0.1" : (host == "::" ? "::1" : host)
            let name = reachable.contains(":") ? "[\(reachable)]" : reachable
            return "http://\(name):\(port.load(ordering: .relaxed))"
        }

        func set(_ value: Int) { port.store(value, ordering: .relaxed) }
    }

    var url: String { address.url }

    /// - Parameter whenListening: called once, with the address, when the first request could be answered.
    init(_ settings: Settings, logger: Logger, whenListening: @escaping @Sendable (Composition) -> Void)
        async throws
    {
        let host = settings["server.host"]
        let port = try settings.int("server.port", in: 0...65_535)
        let maxBodyBytes = try settings.int("server.max_body_bytes", in: 1024...(64 << 20))
        let drainGrace = Milliseconds(try settings.int("server.drain_grace_ms", in: 0...25_000))
        let assetFolder = try Self.assetFolder(settings)
        let secretFolder = try Self.secretFolder(settings)
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        let telemetryRoot = try settings.telemetryRoot()
        let node = "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        let traces = try Settings.traces(node: node)
        let guarding = AddressGuard(policy: try Self.policy(settings, isLoopback: isLoopback))
        let thresholds = try settings.alertThresholds()
        let folder = try DataFolder(settings)
        let secret = try folder.secret(settings)
        let store = try openStore(folder)
        var calling = HTTPAgentCallerConfiguration(version: KintsugiVersion.current)
        calling.secretFolder = secretFolder.map { SecretFolder(path: $0) }
        let http = HTTPAgentCaller(configuration: calling, guard: guarding, logger: logger)
        let channels = ChannelCaller(
            configuration: ChannelCaller.defaultConfiguration(version: KintsugiVersion.current),
            guard: guarding, logger: logger)
        let address = Address(host: host, publicURL: settings.text("server.public_url"))
        // What is told before we listen names the port that we shall have.
        address.set(port)
        var configured = EngineConfiguration(
            node: node, reportBaseURL: { address.url }, now: SystemClock.now,
            seed: UInt64.random(in: .min ... .max),
            drainGrace: drainGrace, attemptToken: { secret.attemptToken(task: $0, attempt: $1) },
            seal: secret.seal, unseal: secret.unseal)
        configured.alertThresholds = thresholds
        configured.telemetryRoot = telemetryRoot
        if let traces { configured.samplesTrace = traces.samples }
        let engine = Engine(
            store: store, callers: [.http: http, .local: LocalAgentCaller(), .channel: channels],
            configuration: configured, logger: logger)
        let keys = KeyRing(engine: engine)
        let (live, alerts): (LiveTopics, AlertDispatcher)
        do {
            try await engine.prepare()
            live = try await LiveTopics(engine: engine)
            alerts = try await AlertDispatcher(engine: engine) {
                DeliveryDocument.render($0, base: address.url)
            }
            newAdminKey = try await keys.bootstrap(adminKeyFromEnvironment: settings.text("server.admin_key"))
            if let newAdminKey { try folder.write(newAdminKey + "\n", to: "admin.key") }
        } catch {
            try? await http.shutdown()
            try? await channels.shutdown()
            await store.close()
            throw CommandFailure(description: "The server cannot start: \(error)")
        }
        (self.folder, self.store, self.http, self.engine, self.address, self.keys) = (
            folder, store, http, engine, address, keys
        )
        self.channels = channels

        var server = ServerConfiguration(
            startedAt: SystemClock.now(), logger: logger, isReady: { engine.isReady },
            addressFault: { guarding.literalProblem(url: $0) })
        server.host = host
        server.port = port
        server.maxBodyBytes = maxBodyBytes
        server.assetFolder = assetFolder
        server.hasSecretFolder = secretFolder != nil
        server.publicURL = settings.text("server.public_url")
        server.version = KintsugiVersion.current
        server.metrics = Self.metrics(of: engine, live)
        let listening = AsyncStream.makeStream(of: Void.self)
        let application = KintsugiServer.makeApplication(
            engine: engine, keys: keys, live: live, alerts: alerts, configuration: server
        ) { port in
            address.set(port)
            listening.continuation.finish()
        }
        // The engine drains first, while agents can still report and streams tell of it; then the server ends its
        // streams and goes, and what they live on last.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: live), .init(service: application), .init(service: alerts), .init(service: engine),
        ]
        engine.telemetry.attach(recorder: ObservationLog(logger).record)
        if let traces {
            let exporter = TraceExporter(traces, version: KintsugiVersion.current, logger: logger) {
                engine.callbackURL(of: $0)
            }
            engine.telemetry.attach(recorder: exporter.record)
            services.insert(.init(service: exporter), at: 0)
        }
        var configuration = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(28)
        group = ServiceGroup(configuration: configuration)
        self.listening = listening.stream
        self.whenListening = whenListening
    }

    private let listening: AsyncStream<Void>
    private let whenListening: @Sendable (Composition) -> Void

    /// Runs until a signal or a failure; closes the store in every case.
    func run() async throws {
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    for await _ in self.listening {}
                    if !Task.isCancelled { self.whenListening(self) }
                }
                tasks.addTask { try await self.group.run() }
                try await tasks.next()
                try await tasks.next()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try? await http.shutdown()
        try? await channels.shutdown()
        await store.close()
        try outcome.get()
    }

    func stop() async { await group.triggerGracefulShutdown() }

    /// The address that opens the dashboard once; nil: there is no admin key to sign in as.
    ///
    /// The token is in the fragment, which a browser sends nowhere and which no log holds.
    func makeSignInLink() -> String? { keys.makeSignInToken().map { "\(url)\(Paths.signIn)#token=\($0)" } }

    /// Keeps metrics from now on, for Prometheus.
    private static func metrics(of engine: Engine, _ live: LiveTopics)
        -> @Sendable (String?) async throws -> ServerConfiguration.Metrics
    {
        let root = engine.telemetry.root
        let registry = PrometheusRegistry(root: root)
        let recorder = MetricsRecorder(factory: registry, root: root)
        engine.telemetry.attach(recorder: recorder.record)
        return { accept in
            await recorder.sample(engine, streams: live.openStreams, version: KintsugiVersion.current)
            ProcessFigures.sample(into: registry)
            let exposition = Exposition(accept: accept)
            return ServerConfiguration.Metrics(
                contentType: exposition.contentType, bytes: exposition.render(registry))
        }
    }

    private static func assetFolder(_ settings: Settings) throws -> String? {
        guard let path = settings.text("server.assets") else { return nil }
        guard FileManager.default.fileExists(atPath: path + "/index.html") else {
            throw CommandFailure(
                description:
                    "server.assets names \(path), where there is no index.html: give the folder of the "
                    + "dashboard's files, or leave it out for those in the binary.", exitCode: 64)
        }
        return path
    }

    private static func secretFolder(_ settings: Settings) throws -> String? {
        guard let path = settings.text("agents.secret_folder") else { return nil }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(
                description:
                    "agents.secret_folder names \(path), which is no folder: make it, or leave it out.",
                exitCode: 64)
        }
        return path
    }

    private static func policy(_ settings: Settings, isLoopback: Bool) throws -> AddressGuard.Policy {
        let allowPrivate = try settings.bool("agents.allow_private") ?? isLoopback
        let networks = try settings["agents.allow_networks"].split(separator: ",").map { text in
            let text = text.trimmingCharacters(in: .whitespaces)
            guard let network = CIDR(text) else {
                throw CommandFailure(
                    description:
                        "agents.allow_networks has \"\(text)\", which is not a network like 10.0.0.0/8.",
                    exitCode: 64)
            }
            return network
        }
        return AddressGuard.Policy(allowPrivate: allowPrivate, allowNetworks: networks)
    }
}
