/// One `-----BEGIN …-----` block, decoded.
struct PEMBlock: Sendable, Equatable {
    /// What stands after BEGIN, for example `PUBLIC KEY`.
    let label: String
    let der: [UInt8]
    /// Whether header lines such as `Proc-Type: 4,ENCRYPTED` stand before the base64 (RFC 1421, which RFC 7468 dropped).
    let hasHeaders: Bool
}

/// Why a text is not PEM.
struct PEMError: Error, Sendable, Equatable {
    let reason: String
}

/// Textual encodings of keys and certificates (RFC 7468), read strictly and written.
enum PEM {
    /// A chain of a dozen certificates is 20 KiB, a key 1 KiB: what is larger is not what somebody meant to give.
    static let maximumBytes = 1 << 20

    /// What may stand outside the blocks.
    enum Outside {
        /// White space and lines that begin with `#`.
        case comments
        /// Anything: tools write a certificate's subject and issuer in clear above it.
        case anything
    }

    /// The blocks of a text, in order; none when the text has none.
    static func blocks(in text: String, outside: Outside) throws(PEMError) -> [PEMBlock] {
        guard text.utf8.count <= maximumBytes else {
            throw PEMError(reason: "the text is longer than \(maximumBytes) bytes")
        }
        var blocks: [PEMBlock] = []
        var open: (label: String, base64: [UInt8], hasHeaders: Bool)?
        var number = 0
        for rawLine in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(rawLine)
            if let current = open {
                if line.starts(with: endMark) {
                    guard label(of: line, after: endMark) == current.label else {
                        throw PEMError(reason: "line \(number) does not end the \(current.label) block that it is in")
                    }
                    guard let der = Base64Text.decode(current.base64) else {
                        throw PEMError(reason: "the \(current.label) block is not valid base64")
                    }
                    blocks.append(PEMBlock(label: current.label, der: der, hasHeaders: current.hasHeaders))
                    open = nil
                } else if line.starts(with: beginMark) {
                    throw PEMError(reason: "line \(number) begins a block inside the \(current.label) block")
                } else if line.contains(UInt8(ascii: ":")), current.base64.isEmpty {
                    open?.hasHeaders = true
                } else if current.hasHeaders, current.base64.isEmpty, line.contains(UInt8(ascii: ",")) {
                    continue  // a header's continuation
                } else {
                    open?.base64.append(contentsOf: line)
                }
            } else if line.starts(with: beginMark) {
                guard let label = label(of: line, after: beginMark) else {
                    throw PEMError(reason: "line \(number) begins a block but does not end in \"-----\"")
                }
                open = (label, [], false)
            } else if outside == .comments, let first = line.first, first != UInt8(ascii: "#") {
                throw PEMError(reason: "line \(number) stands outside a -----BEGIN …----- block")
            }
        }
        if let open {
            throw PEMError(reason: "the \(open.label) block has no -----END \(open.label)----- line")
        }
        return blocks
    }

    /// One block, in lines of 64 characters.
    static func encode(_ der: [UInt8], label: String) -> String {
        var text = "-----BEGIN \(label)-----\n"
        let base64 = Base64Text.encode(der)
        for start in stride(from: 0, to: base64.count, by: 64) {
            text += String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    private static let beginMark = [UInt8]("-----BEGIN ".utf8)
    private static let endMark = [UInt8]("-----END ".utf8)
    private static let closeMark = [UInt8]("-----".utf8)

    private static func trimmed(_ line: Substring.UTF8View) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
        var slice = ArraySlice(line)
        while let first = slice.first, isBlank(first) { slice.removeFirst() }
        while let last = slice.last, isBlank(last) { slice.removeLast() }
        return slice
    }

    private static func label(of line: ArraySlice<UInt8>, after mark: [UInt8]) -> String? {
        let rest = line.dropFirst(mark.count)
        guard rest.count > closeMark.count, rest.suffix(closeMark.count).elementsEqual(closeMark) else { return nil }
        let label = rest.dropLast(closeMark.count)
        guard label.allSatisfy({ (0x20...0x7e).contains($0) }), !label.contains(UInt8(ascii: "-")) else { return nil }
        return String(decoding: label, as: UTF8.self)
    }
}
