import JSON

extension ImageRule {
    /// The images of `object` that the rule is about: where its extractors for the kind say, or else where the kind has
    /// them by nature.
    ///
    /// - Parameter builtIn: the latter, which all rules share.
    /// - Throws: ``RuleFailure`` where an extractor does not fit the object.
    public func images(
        in object: Value, kind: String, builtIn: [ContainerImage]
    ) throws(RuleFailure) -> [ContainerImage] {
        guard let extractors = extractors[kind] else { return builtIn }
        var images: [ContainerImage] = []
        for extractor in extractors { images += try extractor.images(in: object) }
        return images
    }
}
