internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOCore
internal import NIOHTTP1

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import FoundationEssentials
#endif

/// Asks an OAuth 2.0 token server for an access token by client credentials.
///
/// - Source: RFC 6749, section 4.4; the client authenticates by HTTP Basic, section 2.3.1; answers, section 5.
struct TokenServer {
    let client: GuardedClient
    let userAgent: String

    /// No fetch takes longer, whatever the attempt's time: others wait for it.
    private static let patience = TimeAmount.seconds(10)
    /// Of a token whose server does not say.
    private static let usualLifetime: Int64 = 300
    private static let day: Int64 = 86_400
    private static let maxTokenLength = 16_384

    func token(
        for credentials: AgentRecord.ClientCredentials, deadline: NIODeadline
    ) async -> Result<CredentialCache.Credential, CredentialProblem> {
        let url: CallbackURL
        do throws(CallbackURL.Problem) { url = try CallbackURL(credentials.tokenURL) } catch {
            return .failure(.failed(.addressRefused, "There is no token: \(error.sentence)"))
        }
        let ownDeadline = NIODeadline.now() + Self.patience
        let result = await client.post(
            url, headers: headers(for: credentials, url), body: ByteBuffer(string: Self.form(credentials)),
            deadline: min(deadline, ownDeadline))
        switch result {
        case .answered(let answer): return Self.token(in: answer)
        case .cancelled: return .failure(.cancelled)
        case .interrupted: return .failure(.interrupted)
        case .failed(.outOfTime) where deadline <= ownDeadline: return .failure(.outOfTime)
        case .failed(let failure): return .failure(Self.problem(failure))
        }
    }

    private func headers(for credentials: AgentRecord.ClientCredentials, _ url: CallbackURL) -> HTTPHeaders {
        let pair = Self.encoded(credentials.clientID) + ":" + Self.encoded(credentials.clientSecret)
        return [
            "host": url.hostHeader, "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json", "user-agent": userAgent,
            "authorization": "Basic " + Data(pair.utf8).base64EncodedString(),
        ]
    }

    private static func form(_ credentials: AgentRecord.ClientCredentials) -> String {
        var form = "grant_type=client_credentials"
        if let scope = credentials.scope { form += "&scope=" + encoded(scope) }
        if let audience = credentials.audience { form += "&audience=" + encoded(audience) }
        return form
    }

    /// - Source: WHATWG URL, `application/x-www-form-urlencoded` percent-encode set.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                bytes.append(byte)
            case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Answers

    private static func token(in answer: HTTPAnswer) -> Result<CredentialCache.Credential, CredentialProblem>
    {
        switch answer.status {
        case 200...299: break
        case 408, 425, 429, 500...599:
            return .failure(.failed(.networkError, "The token server answered \(answer.status)."))
        default: return .failure(.failed(.authFailure, refusal(answer)))
        }
        guard case .whole = answer.ending else {
            return .failure(.failed(.networkError, "The token server's answer did not come whole."))
        }
        let root = try? JSONNode(parsing: answer.body)
        guard let token = root?["access_token"]?.string, isToken(token) else {
            return .failure(.failed(.authFailure, "The token server's answer holds no access token."))
        }
        if let type = root?["token_type"]?.string, type.lowercased() != "bearer" {
            return .failure(
                .failed(.authFailure, "The token server gives tokens that are not bearer tokens."))
        }
        // Some servers send the number as a string.
        let member = root?["expires_in"]
        let given = member?.double ?? member?.string.flatMap(Double.init)
        let seconds = given.map { min(max($0, 0), Double(day)) } ?? Double(usualLifetime)
        // A token is given up before it expires: the call takes its time, and clocks differ.
        let margin = min(60, seconds / 10)
        let lifetime = TimeAmount.milliseconds(Int64((seconds - margin) * 1000))
        return .success(CredentialCache.Credential(secret: token, lifetime: lifetime))
    }

    private static func isToken(_ text: String) -> Bool {
        (1...maxTokenLength).contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) }
    }

    /// The server's own word for it is one of a few; anything else that it says is not repeated.
    private static func refusal(_ answer: HTTPAnswer) -> String {
        let word = (try? JSONNode(parsing: answer.body))?["error"]?.string ?? ""
        let isWord =
            (1...40).contains(word.utf8.count)
            && word.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "_") }
        return "The token server refused our client credentials: it answered \(answer.status)"
            + (isWord ? " (\(word))." : ".")
    }

    private static func problem(_ failure: ExchangeFailure) -> CredentialProblem {
        switch failure {
        case .unsendable:
            .failed(.clientError, "The token server's URL is such that nothing can be sent there.")
        case .addressRefused(let text): .failed(.addressRefused, "There is no token: \(text)")
        case .unreachable(let text), .saturated(let text):
            .failed(.networkError, "There is no token: \(text)")
        case .broken: .failed(.networkError, "There is no token: the connection to the token server broke.")
        case .outOfTime: .failed(.networkError, "There is no token: the token server did not answer in time.")
        }
    }
}
