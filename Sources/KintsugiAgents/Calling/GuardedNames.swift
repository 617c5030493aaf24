internal import NIOCore

/// Finds the addresses of hosts, and only such as may be called.
///
/// Whoever connects must connect to the very address that was checked: a second look-up could say something
/// else (DNS rebinding).
struct GuardedNames: Sendable {
    enum Answer: Sendable {
        case addresses([IPAddress])
        case failed(ExchangeFailure)
        case cancelled
    }

    let resolver: HostResolver
    let addressGuard: AddressGuard
    /// How long a look-up may take.
    let patience: TimeAmount

    /// In the order in which they should be tried; one that is refused refuses all.
    func addresses(of host: CallbackURL.Host, deadline: NIODeadline) async -> Answer {
        switch host {
        case .address(let address):
            guard let problem = addressGuard.problem(with: address) else { return .addresses([address]) }
            return .failed(.addressRefused("\(address) \(problem)."))
        case .name(let name):
            let answer = await look(up: name, deadline: deadline)
            guard case .addresses(let found) = answer else { return answer }
            for address in found {
                guard let problem = addressGuard.problem(with: address) else { continue }
                return .failed(.addressRefused("\(name) has the address \(address), which \(problem)."))
            }
            return answer
        }
    }

    private func look(up name: String, deadline: NIODeadline) async -> Answer {
        switch await resolver.addresses(of: name, deadline: min(deadline, .now() + patience)) {
        case .addresses(let found): .addresses(found)
        case .failed(let error):
            .failed(.unreachable("The name \(name) could not be resolved: \(error.reason)."))
        case .outOfTime where NIODeadline.now() >= deadline:
            .failed(.outOfTime("The time was over before the name \(name) was resolved.", wasSent: false))
        case .outOfTime: .failed(.unreachable("The name \(name) could not be resolved in time."))
        case .cancelled: .cancelled
        }
    }
}
