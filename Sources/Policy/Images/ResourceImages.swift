import JSON

/// Finds the images of Pods and of everything that holds a pod template.
///
/// Source: spec/verify-images.md, "Images in a resource".
public enum ResourceImages {
    /// Where the built-in kinds keep their pod specification. A kind of another group by one of these names is looked
    /// at in the same place: it holds images there or none at all.
    private static let podSpecifications: [String: [String]] = [
        "Pod": ["spec"],
        "Deployment": template, "ReplicaSet": template, "ReplicationController": template, "StatefulSet": template,
        "DaemonSet": template, "Job": template,
        "CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
    ]
    private static let template = ["spec", "template", "spec"]

    /// The kinds that have images without a policy saying where.
    public static var kinds: Set<String> { Set(podSpecifications.keys) }

    /// The images of `object`, in the order init containers, containers, ephemeral containers, image volumes. Two
    /// containers of one name are two images.
    public static func images(in object: Value, kind: String) -> [ContainerImage] {
        guard let path = podSpecifications[kind] else { return [] }
        var specification = object
        var pointer = Pointer()
        for key in path {
            guard let next = specification[key] else { return [] }
            specification = next
            pointer = pointer.appending(key)
        }

        var images: [ContainerImage] = []
        for list in [ContainerImage.List.initContainers, .containers, .ephemeralContainers] {
            append(list, of: specification, at: pointer, field: ["image"], to: &images)
        }
        append(.volumes, of: specification, at: pointer, field: ["image", "reference"], to: &images)
        return images
    }

    private static func append(
        _ list: ContainerImage.List, of specification: Value, at pointer: Pointer, field: [String],
        to images: inout [ContainerImage]
    ) {
        guard let items = specification[list.rawValue] else { return }
        let listPointer = pointer.appending(list.rawValue)
        for (index, item) in items.elements.enumerated() {
            var image: Value? = item
            var imagePointer = listPointer.appending(index)
            for key in field {
                image = image?[key]
                imagePointer = imagePointer.appending(key)
            }
            // No image, null and the empty text are no image. Anything that is no text is kept as it is written, and
            // is then no reference.
            guard let image, !image.isNull else { continue }
            let text = image.string ?? image.description
            guard !text.isEmpty else { continue }
            let name = item["name"]?.string ?? String(index)
            images.append(ContainerImage(pointer: imagePointer, list: list, name: name, text: text))
        }
    }
}
