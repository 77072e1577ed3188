import JSON
import OCI

/// One image that a resource names: where, under which container, and what the text means.
public final class ContainerImage: Sendable {
    /// The list that the image is in, as variables call it (`images.containers…`); images of volumes have a name of
    /// their own, and those that extractors find are in the list that the extractor names.
    public struct List: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let initContainers = List(rawValue: "initContainers")
        public static let containers = List(rawValue: "containers")
        public static let ephemeralContainers = List(rawValue: "ephemeralContainers")
        public static let volumes = List(rawValue: "volumes")
    }

    /// Where the image's text stands in the object: what a patch replaces.
    public let pointer: Pointer
    public let list: List
    /// The container's or volume's name; its position where it has none.
    public let name: String
    /// The text as it stands in the object.
    public let text: String
    /// What the text means. One that is no reference is carried along as an error of this image, so that it is denied
    /// and never a reason to look at no image.
    public let reference: Result<ImageReference, ReferenceError>

    public init(pointer: Pointer, list: List, name: String, text: String) {
        self.pointer = pointer
        self.list = list
        self.name = name
        self.text = text
        do throws(ReferenceError) {
            reference = .success(try ImageReference(parsing: text))
        } catch {
            reference = .failure(error)
        }
    }
}
