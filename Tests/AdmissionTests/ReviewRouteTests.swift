import Policy
import Testing

@testable import Admission

@Suite("The paths of reviews")
struct ReviewRouteTests {
    @Test(
        "A path says what is done, and nothing of the policies that count",
        arguments: [
            ("/mutate", Phase.mutate), ("/validate", .validate), ("/mutate/fail", .mutate), ("/mutate/ignore", .mutate),
            ("/validate/fail", .validate), ("/validate/ignore", .validate), ("/mutate/", .mutate),
            ("/mutate/other", .mutate), ("/validate/fail/more", .validate),
        ])
    func paths(_ path: String, _ phase: Phase) { #expect(ReviewRoute(path: path) == ReviewRoute(phase)) }

    @Test(
        "Other paths are no reviews", arguments: ["/", "/mutates", "/mutatefail", "/validat", "/policies", "/metrics"])
    func others(_ path: String) { #expect(ReviewRoute(path: path) == nil) }

    @Test("The paths of the webhooks differ, and lead back to the route")
    func roundTrip() {
        let routes = [Phase.mutate, .validate].map(ReviewRoute.init)
        let paths = routes.flatMap { route in FailurePolicy.allCases.map { route.path(for: $0) } }
        #expect(paths == ["/mutate/fail", "/mutate/ignore", "/validate/fail", "/validate/ignore"])
        #expect(paths.map { ReviewRoute(path: $0) } == [routes[0], routes[0], routes[1], routes[1]])
    }
}
