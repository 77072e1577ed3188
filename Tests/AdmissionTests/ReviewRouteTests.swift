import Policy
import Testing

@testable import Admission

@Suite("The paths of reviews")
struct ReviewRouteTests {
    @Test(
        "A path says what is done, and for which policies",
        arguments: [
            ("/mutate", Phase.mutate, nil as FailurePolicy?), ("/validate", .validate, nil),
            ("/mutate/fail", .mutate, .fail), ("/mutate/ignore", .mutate, .ignore),
            ("/validate/fail", .validate, .fail), ("/validate/ignore", .validate, .ignore),
            ("/mutate/", .mutate, nil), ("/mutate/other", .mutate, nil), ("/validate/fail/more", .validate, nil),
            ("/validate/failing", .validate, nil), ("/mutate/Fail", .mutate, nil),
        ])
    func paths(_ path: String, _ phase: Phase, _ failurePolicy: FailurePolicy?) {
        #expect(ReviewRoute(path: path) == ReviewRoute(phase: phase, failurePolicy: failurePolicy))
    }

    @Test(
        "Other paths are no reviews", arguments: ["/", "/mutates", "/mutatefail", "/validat", "/policies", "/metrics"])
    func others(_ path: String) { #expect(ReviewRoute(path: path) == nil) }

    @Test("A route's own path leads back to it")
    func roundTrip() {
        for phase in [Phase.mutate, .validate] {
            for failurePolicy in [nil, FailurePolicy.fail, .ignore] {
                let route = ReviewRoute(phase: phase, failurePolicy: failurePolicy)
                #expect(ReviewRoute(path: route.path) == route)
            }
        }
    }
}
