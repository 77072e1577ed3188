import CCurl

/// One transfer's settings and state in libcurl; freed with this object.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = unsafe []
    /// libcurl's own words for a failure; it writes here until the transfer is over.
    private let errorText: UnsafeMutablePointer<CChar>

    init() throws(HTTPClient.Failure) {
        guard let pointer = unsafe curl_easy_init() else { throw .configuration("libcurl is out of memory") }
        unsafe self.pointer = unsafe pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try check(unsafe countersign_easy_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText))
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        while let list = unsafe lists.popLast() { unsafe curl_slist_free_all(list) }
        unsafe errorText.deallocate()
    }

    var address: UInt { UInt(bitPattern: unsafe pointer) }

    var errorMessage: String { unsafe String(cString: errorText) }

    // Every option is checked: one that this libcurl does not know may be the one that verifies certificates.

    func set(_ option: CURLoption, _ value: Int) throws(HTTPClient.Failure) {
        try check(unsafe countersign_easy_set_long(pointer, option, value))
    }

    /// Sets a text, which libcurl copies; nil is libcurl's NULL.
    func set(_ option: CURLoption, _ value: String?) throws(HTTPClient.Failure) {
        // A NUL would end the text early for libcurl and only for libcurl.
        if let value, value.utf8.contains(0) { throw .malformed("a setting of the request holds a NUL character") }
        try check(unsafe countersign_easy_set_string(pointer, option, value))
    }

    /// Sets bytes, which libcurl copies.
    func set(_ option: CURLoption, bytes: [UInt8]) throws(HTTPClient.Failure) {
        let status = unsafe bytes.withUnsafeBytes { bytes in
            unsafe countersign_easy_set_blob(pointer, option, bytes.baseAddress, bytes.count)
        }
        try check(status)
    }

    func set(
        _ option: CURLoption, _ contextOption: CURLoption, _ function: @escaping countersign_data_function,
        _ context: UnsafeMutableRawPointer
    ) throws(HTTPClient.Failure) {
        try check(unsafe countersign_easy_set_function(pointer, option, function))
        try check(unsafe countersign_easy_set_pointer(pointer, contextOption, context))
    }

    /// Sets what is called with each socket before it is connected, and to close it.
    func set(
        opened: @escaping countersign_socket_function, _ openedContext: UnsafeMutableRawPointer,
        closed: @escaping countersign_close_function, _ closedContext: UnsafeMutableRawPointer
    ) throws(HTTPClient.Failure) {
        try check(unsafe countersign_easy_set_socket_function(pointer, CURLOPT_SOCKOPTFUNCTION, opened))
        try check(unsafe countersign_easy_set_pointer(pointer, CURLOPT_SOCKOPTDATA, openedContext))
        try check(unsafe countersign_easy_set_close_function(pointer, CURLOPT_CLOSESOCKETFUNCTION, closed))
        try check(unsafe countersign_easy_set_pointer(pointer, CURLOPT_CLOSESOCKETDATA, closedContext))
    }

    func set(_ option: CURLoption, lines: [String]) throws(HTTPClient.Failure) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe curl_slist_append(list, line) else {
                unsafe curl_slist_free_all(list)
                throw .configuration("libcurl is out of memory")
            }
            unsafe list = unsafe longer
        }
        guard let list = unsafe list else { return }
        unsafe lists.append(list)
        try check(unsafe countersign_easy_set_list(pointer, option, list))
    }

    /// Sets the request's body, which libcurl copies.
    func set(body: [UInt8]) throws(HTTPClient.Failure) {
        try check(unsafe countersign_easy_set_large(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let status = unsafe body.withUnsafeBytes { bytes in
            unsafe countersign_easy_set_pointer(
                pointer, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
        try check(status)
    }

    private func check(_ status: CURLcode) throws(HTTPClient.Failure) {
        guard status == CURLE_OK else {
            throw .configuration(
                "this libcurl refuses a setting: \(unsafe String(cString: curl_easy_strerror(status)))")
        }
    }

    func string(_ info: CURLINFO) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard unsafe countersign_easy_get_string(pointer, info, &value) == CURLE_OK, let value = unsafe value else {
            return nil
        }
        return unsafe String(cString: value)
    }

    func integer(_ info: CURLINFO) -> Int? {
        var value = 0
        guard unsafe countersign_easy_get_long(pointer, info, &value) == CURLE_OK else { return nil }
        return value
    }
}
