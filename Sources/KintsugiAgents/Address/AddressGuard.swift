/// Says which addresses may be called, so that nobody makes us call what only we can reach (SSRF).
///
/// It is asked twice: for the literal address in a URL at registration, and for every address of a name at
/// the
/// call, which then goes to that very address.
package struct AddressGuard: Sendable, Hashable {
    package struct Policy: Sendable, Hashable {
        /// Opens all private and loopback ranges.
        package var allowPrivate: Bool
        /// Private and loopback addresses that may be called nevertheless; anything else in them stays
        /// closed.
        package var allowNetworks: [CIDR]

        package init(allowPrivate: Bool, allowNetworks: [CIDR] = []) {
            self.allowPrivate = allowPrivate
            self.allowNetworks = allowNetworks
        }
    }

    package var policy: Policy

    package init(policy: Policy) { self.policy = policy }

    /// Why this address may not be called, as the end of a sentence about it; nil: it may.
    package func problem(with address: IPAddress) -> String? {
        switch address.addressClass {
        case .public: nil
        case .private: isAllowed(address) ? nil : "is private, and private addresses may not be called here"
        case .loopback: isAllowed(address) ? nil : "is this machine itself, which may not be called here"
        case .linkLocal: "is link-local or a cloud's metadata service, which are never called"
        case .special: "is no address that an agent can be at"
        }
    }

    /// What is wrong with a callback URL that can be seen without asking for its name, in a sentence; nil:
    /// nothing.
    package func literalProblem(url: String) -> String? {
        do throws(CallbackURL.Problem) {
            guard case .address(let address) = try CallbackURL(url).host else { return nil }
            return problem(with: address).map { "\(address) \($0)." }
        } catch {
            return error.sentence
        }
    }

    private func isAllowed(_ address: IPAddress) -> Bool {
        if policy.allowPrivate { return true }
        return policy.allowNetworks.contains { network in
            network.contains(address) || address.embeddedV4.map(network.contains) == true
        }
    }
}
