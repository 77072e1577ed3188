/// A layout of times as Go has them: an example that spells 2006-01-02 15:04:05 in Mountain Standard Time.
///
/// Source: Go's package `time`, "Constants" and `Parse`.
struct TimeLayout {
    private enum Part {
        case text([UInt8])
        case year, shortYear, month, paddedMonth, monthName, shortMonthName, weekdayName, shortWeekdayName
        case day, paddedDay, spacedDay, dayOfYear
        case hour, hour12, paddedHour12, minute, paddedMinute, second, paddedSecond
        case fraction(digits: Int?)
        case afternoon
        case zoneName
        /// With `Z` for UTC; with colons; with minutes; with seconds.
        case offset(z: Bool, colons: Bool, minutes: Bool, seconds: Bool)
    }

    private let parts: [Part]

    /// The longest layout and time, in bytes.
    static let maximumLength = 256

    static let rfc3339 = TimeLayout("2006-01-02T15:04:05Z07:00")

    /// The elements of a layout; of those that begin alike, the longer first.
    private static let elements: [(text: String, part: Part)] = [
        ("January", .monthName), ("Jan", .shortMonthName), ("Monday", .weekdayName), ("Mon", .shortWeekdayName),
        ("MST", .zoneName), ("2006", .year), ("_2", .spacedDay), ("002", .dayOfYear), ("01", .paddedMonth),
        ("02", .paddedDay), ("03", .paddedHour12), ("04", .paddedMinute), ("05", .paddedSecond), ("06", .shortYear),
        ("15", .hour), ("1", .month), ("2", .day), ("3", .hour12), ("4", .minute), ("5", .second), ("PM", .afternoon),
        ("pm", .afternoon),
        ("-07:00:00", .offset(z: false, colons: true, minutes: true, seconds: true)),
        ("-07:00", .offset(z: false, colons: true, minutes: true, seconds: false)),
        ("-070000", .offset(z: false, colons: false, minutes: true, seconds: true)),
        ("-0700", .offset(z: false, colons: false, minutes: true, seconds: false)),
        ("-07", .offset(z: false, colons: false, minutes: false, seconds: false)),
        ("Z07:00:00", .offset(z: true, colons: true, minutes: true, seconds: true)),
        ("Z07:00", .offset(z: true, colons: true, minutes: true, seconds: false)),
        ("Z070000", .offset(z: true, colons: false, minutes: true, seconds: true)),
        ("Z0700", .offset(z: true, colons: false, minutes: true, seconds: false)),
        ("Z07", .offset(z: true, colons: false, minutes: false, seconds: false)),
    ]

    init(_ layout: String) {
        let bytes = Array(layout.utf8)
        var parts: [Part] = []
        var text: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard let (part, length) = Self.element(bytes[position...]) else {
                text.append(bytes[position])
                position += 1
                continue
            }
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            parts.append(part)
            position += length
        }
        if !text.isEmpty { parts.append(.text(text)) }
        self.parts = parts
    }

    private static func element(_ bytes: ArraySlice<UInt8>) -> (Part, Int)? {
        if let first = bytes.first, first == UInt8(ascii: ".") || first == UInt8(ascii: ",") {
            guard let digit = bytes.dropFirst().first, digit == UInt8(ascii: "0") || digit == UInt8(ascii: "9") else {
                return nil
            }
            let count = bytes.dropFirst().prefix { $0 == digit }.count
            let after = bytes.dropFirst(1 + count).first
            guard !(after.map(isDigit) ?? false) else { return nil }
            return (.fraction(digits: digit == UInt8(ascii: "0") ? count : nil), 1 + count)
        }
        for (text, part) in elements where bytes.starts(with: text.utf8) {
            // "Jan" is no month in "January" (which comes first) nor in "Janet".
            let after = bytes.dropFirst(text.utf8.count).first ?? 0
            let isLower = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(after)
            if text == "Jan" || text == "Mon", isLower { continue }
            return (part, text.utf8.count)
        }
        return nil
    }

    // MARK: Reading

    /// What has been read of a time. What a layout does not give is the start of the year 0 in UTC.
    private struct Fields {
        var date = CivilDate(year: 0, month: 1, day: 1)
        var dayOfYear: Int?
        var hour = 0
        var minute = 0
        var second = 0
        var nanoseconds = 0
        var isAfternoon: Bool?
        var offset = 0

        var timestamp: Timestamp? {
            var hour = hour
            if let isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
            guard (1...12).contains(date.month), date.day >= 1,
                date.day <= CivilDate.days(inMonth: date.month, of: date.year), hour < 24, minute < 60, second < 60
            else { return nil }
            var days = date.daysSince1970
            if let dayOfYear {
                let first = CivilDate(year: date.year, month: 1, day: 1).daysSince1970
                let next = CivilDate(year: date.year + 1, month: 1, day: 1).daysSince1970
                guard dayOfYear >= 1, first + dayOfYear <= next else { return nil }
                days = first + dayOfYear - 1
            }
            let local = days * Timestamp.secondsPerDay + hour * 3600 + minute * 60 + second
            return Timestamp(seconds: local - offset, nanoseconds: nanoseconds, offset: offset)
        }
    }

    /// - Returns: nil where `text` does not follow the layout, or names no date.
    func parse(_ text: String) -> Timestamp? {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var rest = ArraySlice(text.utf8)
        var fields = Fields()
        for (index, part) in parts.enumerated() {
            guard Self.read(part, from: &rest, into: &fields) else { return nil }
            // A fraction of a second may follow seconds even where the layout has none.
            guard Self.isSecond(part), let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",")
            else { continue }
            let hasFraction = index + 1 < parts.count && Self.isFraction(parts[index + 1])
            if !hasFraction, let digit = rest.dropFirst().first, Self.isDigit(digit) {
                guard Self.readFraction(nil, from: &rest, into: &fields) else { return nil }
            }
        }
        return rest.isEmpty ? fields.timestamp : nil
    }

    private static func isSecond(_ part: Part) -> Bool {
        switch part {
        case .second, .paddedSecond: true
        default: false
        }
    }

    private static func isFraction(_ part: Part) -> Bool {
        if case .fraction = part { true } else { false }
    }

    private static func read(_ part: Part, from rest: inout ArraySlice<UInt8>, into fields: inout Fields) -> Bool {
        switch part {
        case .text(let text):
            guard rest.starts(with: text) else { return false }
            rest = rest.dropFirst(text.count)
            return true
        case .year: return take(4...4, &rest) { fields.date.year = $0 }
        case .shortYear: return take(2...2, &rest) { fields.date.year = $0 >= 69 ? 1900 + $0 : 2000 + $0 }
        case .month: return take(1...2, &rest) { fields.date.month = $0 }
        case .paddedMonth: return take(2...2, &rest) { fields.date.month = $0 }
        case .monthName: return takeName(months, &rest) { fields.date.month = $0 + 1 }
        case .shortMonthName: return takeName(months.map { $0.prefix(3) }, &rest) { fields.date.month = $0 + 1 }
        case .weekdayName: return takeName(weekdays, &rest) { _ in }
        case .shortWeekdayName: return takeName(weekdays.map { $0.prefix(3) }, &rest) { _ in }
        case .day: return take(1...2, &rest) { fields.date.day = $0 }
        case .paddedDay: return take(2...2, &rest) { fields.date.day = $0 }
        case .spacedDay:
            if rest.first == UInt8(ascii: " ") { rest.removeFirst() }
            return take(1...2, &rest) { fields.date.day = $0 }
        case .dayOfYear: return take(3...3, &rest) { fields.dayOfYear = $0 }
        case .hour: return take(2...2, &rest) { fields.hour = $0 }
        case .hour12: return take(1...2, &rest) { fields.hour = $0 } && fields.hour <= 12
        case .paddedHour12: return take(2...2, &rest) { fields.hour = $0 } && fields.hour <= 12
        case .minute: return take(1...2, &rest) { fields.minute = $0 }
        case .paddedMinute: return take(2...2, &rest) { fields.minute = $0 }
        case .second: return take(1...2, &rest) { fields.second = $0 }
        case .paddedSecond: return take(2...2, &rest) { fields.second = $0 }
        case .fraction(let digits): return readFraction(digits, from: &rest, into: &fields)
        case .afternoon: return takeName(["AM", "PM"], &rest) { fields.isAfternoon = $0 == 1 }
        case .zoneName: return readZoneName(from: &rest, into: &fields)
        case .offset(let z, let colons, let minutes, let seconds):
            if z, rest.first == UInt8(ascii: "Z") {
                rest.removeFirst()
                return true
            }
            return readOffset(colons, minutes, seconds, from: &rest, into: &fields)
        }
    }

    // MARK: Words

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func take(_ counts: ClosedRange<Int>, _ rest: inout ArraySlice<UInt8>, _ use: (Int) -> Void) -> Bool
    {
        let digits = rest.prefix(counts.upperBound).prefix(while: isDigit)
        guard digits.count >= counts.lowerBound else { return false }
        rest = rest.dropFirst(digits.count)
        use(digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        return true
    }

    /// One of the names, in any case.
    private static func takeName(
        _ names: [some StringProtocol],
        _ rest: inout ArraySlice<UInt8>,
        _ use: (Int) -> Void
    ) -> Bool {
        for (index, name) in names.enumerated() where rest.count >= name.utf8.count {
            let isSame = zip(rest, name.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            guard isSame else { continue }
            rest = rest.dropFirst(name.utf8.count)
            use(index)
            return true
        }
        return false
    }

    private static func readFraction(
        _ count: Int?,
        from rest: inout ArraySlice<UInt8>,
        into fields: inout Fields
    ) -> Bool {
        guard let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") else { return count == nil }
        let digits = rest.dropFirst().prefix(while: isDigit)
        guard !digits.isEmpty, count == nil || digits.count == count else { return false }
        rest = rest.dropFirst(1 + digits.count)
        var nanoseconds = digits.prefix(9).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        for _ in digits.count..<max(9, digits.count) { nanoseconds *= 10 }
        fields.nanoseconds = nanoseconds
        return true
    }

    /// Three or four capitals. Names other than UTC do not tell their offset, which Go then takes for 0.
    private static func readZoneName(from rest: inout ArraySlice<UInt8>, into fields: inout Fields) -> Bool {
        let name = rest.prefix(5).prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard (3...5).contains(name.count) else { return false }
        rest = rest.dropFirst(name.count)
        guard name.elementsEqual("GMT".utf8), let sign = rest.first,
            sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
        else { return true }
        rest.removeFirst()
        var hours = 0
        guard take(1...2, &rest, { hours = $0 }), hours <= 23 else { return false }
        fields.offset = (sign == UInt8(ascii: "-") ? -hours : hours) * 3600
        return true
    }

    private static func readOffset(
        _ colons: Bool,
        _ minutes: Bool,
        _ seconds: Bool,
        from rest: inout ArraySlice<UInt8>,
        into fields: inout Fields
    ) -> Bool {
        guard let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
        rest.removeFirst()
        var values: [Int] = []
        for index in 0..<(1 + (minutes ? 1 : 0) + (seconds ? 1 : 0)) {
            if colons, index > 0 {
                guard rest.first == UInt8(ascii: ":") else { return false }
                rest.removeFirst()
            }
            guard take(2...2, &rest, { values.append($0) }), values[index] < (index == 0 ? 25 : 60) else {
                return false
            }
        }
        let offset = zip(values, [3600, 60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
        fields.offset = sign == UInt8(ascii: "-") ? -offset : offset
        return true
    }
}
