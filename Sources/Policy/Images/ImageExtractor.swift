import JMESPath
import JSON
import OCI

/// Where a rule finds images in objects of one kind.
///
/// Source: spec/verify-images.md, "Images in a resource".
public struct ImageExtractor: Sendable {
    enum Step: Sendable, Hashable {
        case member(String)
        /// Every element of an array, and every member of an object.
        case every
    }

    /// What variables call the list of images.
    let list: ContainerImage.List
    /// From the object to what holds the image's field.
    let path: [Step]
    /// The field with the image.
    let field: String
    /// The field with the image's name; without it the image goes by its place.
    let key: String?
    /// Makes the image reference of the field's text.
    let query: Query?

    /// As many images as any object could sensibly name: a request is bounded in bytes, and this is in work.
    static let maximumImages = 10_000

    /// The images of `object`, in its order.
    ///
    /// - Throws: ``RuleFailure`` where the object is of another shape than the path, or an image has no key: an image
    ///   that cannot be found is no reason to look at none.
    func images(in object: Value) throws(RuleFailure) -> [ContainerImage] {
        var images: [ContainerImage] = []
        try collect(object, path[...], at: [], into: &images)
        return images
    }

    private func collect(
        _ value: Value, _ rest: ArraySlice<Step>, at place: [String], into images: inout [ContainerImage]
    ) throws(RuleFailure) {
        guard !value.isNull else { return }
        switch rest.first {
        case nil: try append(value, at: place, to: &images)
        case .member(let name):
            guard value.kind == .object else { throw misfit(place, "is no object with \(name) inside") }
            if let next = value[name] { try collect(next, rest.dropFirst(), at: place + [name], into: &images) }
        case .every:
            switch value.kind {
            case .array:
                for (index, element) in value.elements.enumerated() {
                    try collect(element, rest.dropFirst(), at: place + [String(index)], into: &images)
                }
            case .object:
                for (name, member) in value.members {
                    try collect(member, rest.dropFirst(), at: place + [name], into: &images)
                }
            default: throw misfit(place, "is neither a list nor a map")
            }
        }
    }

    private func append(
        _ holder: Value, at place: [String], to images: inout [ContainerImage]
    ) throws(RuleFailure) {
        guard holder.kind == .object else { throw misfit(place, "is no object with \(field) inside") }
        let pointer = Pointer(tokens: place + [field])
        var name = pointer.description
        if let key {
            guard let text = holder[key]?.string else { throw misfit(place, "has no \(key), which names the image") }
            name = text
        }
        guard let value = holder[field], !value.isNull else { return }
        // What is no text is kept as it is written, and is then no reference.
        let text = value.string ?? value.description
        guard !text.trimmingSpaces().isEmpty else { return }
        guard images.count < Self.maximumImages else { throw misfit(place, "is one image too many") }
        images.append(
            ContainerImage(pointer: pointer, list: list, name: name, text: try reference(from: text, at: place)))
    }

    private func reference(from text: String, at place: [String]) throws(RuleFailure) -> String {
        guard let query else { return text }
        let node: Node
        do throws(EvaluationError) {
            node = try query.evaluate(.string(text))
        } catch {
            throw misfit(place, "is not what jmesPath \(query.text) can be asked of: \(error)")
        }
        guard let reference = node.string else { throw misfit(place, "gives no text by jmesPath \(query.text)") }
        return reference
    }

    private func misfit(_ place: [String], _ problem: String) -> RuleFailure {
        RuleFailure("image extractor \(list.rawValue): \(Pointer(tokens: place)) \(problem)")
    }
}
