package import KintsugiCore
import KintsugiStore
package import KintsugiVocabulary

extension Engine {
    /// A report of an attempt by its agent, whose token was checked already. Returns the task after it.
    ///
    /// A report of an attempt that is no longer current is kept as `late_result` and then refused.
    package func report(_ report: AgentReport, attempt: Int, of id: TaskID) async throws(EngineError)
        -> StoredTask
    {
        for _ in 0..<Self.maxDecisions {
            let task = try await withLastProgress(try await self.task(id, in: .everyone), before: report)
            let command = TaskCommand.report(attempt: attempt, report)
            do {
                if let done = try await decide(command, task, brain.facts(for: task.state), sealing: nil) {
                    hold(report, attempt, task, done)
                    return done
                }
            } catch .rejected(.repeatedReport) {
                return task
            } catch .rejected(.notCurrent(let status, let keep)) {
                guard let late = keep else { throw .rejected(.notCurrent(status: status, keep: nil)) }
                if try await record([.lateResult(late)], on: task, at: max(now, task.state.updatedAt)) != nil
                {
                    throw .rejected(.notCurrent(status: status, keep: nil))
                }
            }
        }
        throw .contended
    }

    /// A progress report that was not recorded waits until its second is over.
    private func hold(_ report: AgentReport, _ attempt: Int, _ before: StoredTask, _ after: StoredTask) {
        guard case .progress(let percent, let message) = report else { return }
        guard before.state.version == after.state.version else {
            _ = progress.take(before.state.id)
            return
        }
        let held = ProgressHold.Report(attempt: attempt, percent: percent, message: message)
        let id = before.state.id
        guard progress.keep(held, of: id) else { return }
        chore { [self] in
            guard (try? await Task.sleep(for: .milliseconds(TaskRules.progressInterval))) != nil,
                let last = progress.take(id)
            else { return }
            let report = AgentReport.progress(percent: last.percent, message: last.message)
            // The attempt may be over by now: then its progress is of no interest any more.
            _ = try? await self.report(report, attempt: last.attempt, of: id)
        }
    }

    /// Before an attempt's outcome its last progress is recorded.
    private func withLastProgress(_ task: StoredTask, before report: AgentReport) async throws(EngineError)
        -> StoredTask
    {
        if case .progress = report { return task }
        guard let last = progress.take(task.state.id), task.state.currentAttempt == last.attempt else {
            return task
        }
        let event = TaskEvent.taskProgress(
            Progress(attempt: last.attempt, percent: last.percent, message: last.message))
        return try await record([event], on: task, at: max(now, task.state.updatedAt)) ?? task
    }
}
