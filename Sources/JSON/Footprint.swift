extension Document {
    /// The memory that the text and its tape take, in bytes.
    public var footprint: Int { bytes.count + tape.count * MemoryLayout<Entry>.stride }
}
