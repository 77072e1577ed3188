import CCurl

/// libcurl's set of transfers and connections; freed with the last reference.
///
/// `@unchecked Sendable`: what it holds never changes and lives as long as the object. Off the loop's thread nothing but
/// ``wake()`` is called, and `curl_multi_wakeup` is the one function that libcurl allows from any thread.
@safe final class MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    /// Used on the loop's thread, and when this object ends.
    let sockets = SocketTable()

    init(maximumConnectionsPerHost: Int) throws(HTTPClient.Failure) {
        guard let pointer = unsafe curl_multi_init() else { throw .configuration("libcurl is out of memory") }
        unsafe self.pointer = unsafe pointer
        set(CURLMOPT_MAX_HOST_CONNECTIONS, maximumConnectionsPerHost)
        set(CURLMOPT_MAX_TOTAL_CONNECTIONS, HTTPClient.maximumConnections)
        // Of connections kept for later: as many as there may be.
        set(CURLMOPT_MAXCONNECTS, HTTPClient.maximumConnections)
        set(CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    deinit { unsafe _ = curl_multi_cleanup(pointer) }

    private func set(_ option: CURLMoption, _ value: Int) {
        unsafe _ = countersign_multi_set_long(pointer, option, value)
    }

    /// Ends the loop's ``wait(milliseconds:)``, also one that has not begun. From any thread.
    func wake() { unsafe _ = curl_multi_wakeup(pointer) }

    func add(_ easy: EasyHandle) -> Bool { unsafe curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK }

    func remove(_ easy: EasyHandle) { unsafe _ = curl_multi_remove_handle(pointer, easy.pointer) }

    /// Does what can be done without waiting.
    func perform() {
        var running: Int32 = 0
        unsafe _ = curl_multi_perform(pointer, &running)
    }

    func wait(milliseconds: Int32) { unsafe _ = curl_multi_poll(pointer, nil, 0, milliseconds, nil) }

    /// The next transfer that is over, as its handle's address, with its result.
    func nextFinished() -> (address: UInt, code: CURLcode)? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(pointer, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            let address = UInt(bitPattern: unsafe message.pointee.easy_handle)
            return unsafe (address, countersign_message_result(message))
        }
        return nil
    }
}
