package enum StoreBenchmark {
    package struct Report { package var createsPerSecond = 1.0, drainsPerSecond = 1.0, bytesPerTask = 1 }
    package static func run(tasks: Int, batch: Int, payloadBytes: Int, folder: String) throws -> Report {
        Report()
    }
}
