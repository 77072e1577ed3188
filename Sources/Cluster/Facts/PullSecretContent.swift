import JSON
import Policy
import Registry

/// What a pull secret holds: a Docker configuration, in the newer form or in the older one.
///
/// Source: Kubernetes, "Secrets", types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg. The kubelet goes by
/// the type; what is under the right key is meant so whatever the type says.
enum PullSecretContent {
    /// Why not, in words that fit behind the secret's name. Never what is in it.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    static func configuration(of secret: Value) -> Result<DockerConfig, Problem> {
        do throws(SecretDataError) {
            let data = try SecretData.decode(secret)
            do throws(DockerConfigError) {
                if let bytes = data[".dockerconfigjson"] { return .success(try DockerConfig(parsing: bytes)) }
                if let bytes = data[".dockercfg"] { return .success(try DockerConfig(parsingLegacy: bytes)) }
            } catch {
                return .failure(Problem(description: "cannot be used: \(error)"))
            }
            return .failure(Problem(description: "holds no .dockerconfigjson"))
        } catch {
            return .failure(Problem(description: "cannot be used: \(error.field) is no base64"))
        }
    }
}
