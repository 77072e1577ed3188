import Glibc

/// A TCP port of 127.0.0.1 that nothing listened on a moment ago.
enum FreePort {
    static func find() throws -> Int {
        let socketNumber = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socketNumber) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe bind(socketNumber, rebound, size) == 0 && getsockname(socketNumber, rebound, &size) == 0
            }
        }
        guard isBound else { throw CommandFailure(description: "no port is free: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
