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
        guard let path = podSpecifications[kind], let specification = podSpecification(of: object, kind: kind) else {
            return []
        }
        var images: [ContainerImage] = []
        for list in [ContainerImage.List.initContainers, .containers, .ephemeralContainers] {
            append(list, of: specification, at: path, field: ["image"], to: &images)
        }
        append(.volumes, of: specification, at: path, field: ["image", "reference"], to: &images)
        return images
    }

    /// The specification of the Pod that the object is, or makes; nil for kinds that make none.
    static func podSpecification(of object: Value, kind: String) -> Value? {
        guard let path = podSpecifications[kind] else { return nil }
        var specification = object
        for key in path {
            guard let next = specification[key] else { return nil }
            specification = next
        }
        return specification
    }

    private static func append(
        _ list: ContainerImage.List, of specification: Value, at path: [String], field: [String],
        to images: inout [ContainerImage]
    ) {
        guard let items = specification[list.rawValue] else { return }
        for (index, item) in items.elements.enumerated() {
            var image: Value? = item
            for key in field { image = image?[key] }
            // No image, null and the empty text are no image. Anything that is no text is kept as it is written, in
            // parentheses, with which nothing is a reference: the number 12 is not the image named 12.
            guard let image, !image.isNull else { continue }
            let text = image.string ?? "(\(image))"
            guard !text.isEmpty else { continue }
            let name = item["name"]?.string ?? String(index)
            let pointer = Pointer(tokens: path + [list.rawValue, String(index)] + field)
            images.append(ContainerImage(pointer: pointer, list: list, name: name, text: text))
        }
    }
}
