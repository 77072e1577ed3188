import JSON
import OCI

/// One image that a resource names: where, under which container, and what the text means.
public final class ContainerImage: Sendable {
    /// The list that the image is in, as variables call it (`images.containers…`); images of volumes have a name of
    /// their own.
    public enum List: String, Sendable, Hashable, CaseIterable {
        case initContainers
        case containers
        case ephemeralContainers
        case volumes
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
