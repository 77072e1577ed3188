import JMESPath
import JSON
import OpenSSL
import Testing

@Suite struct X509DecodeTests {
    private static func decode(_ pem: String, _ path: String) throws -> String {
        var writer = Writer()
        writer.string(pem)
        return try Evaluating.json("x509_decode(@)\(path)", writer.text)
    }

    @Test func showsACertificate() throws {
        let key = try PrivateKey.generate()
        let certificate = try Certificate.selfSigned(
            commonName: "webhook", dnsNames: ["a.example", "b.example"], ipAddresses: ["10.0.0.1", "2001:db8::1"],
            key: key,
            days: 30)
        let expected = [
            (".Subject.CommonName", #""webhook""#), (".Issuer.Names[0].Type", "[2,5,4,3]"),
            (".DNSNames", #"["a.example","b.example"]"#),
            (".IPAddresses", #"["10.0.0.1","2001:db8::1"]"#), (".PublicKeyAlgorithm", "3"), (".PublicKey", "null"),
            (".Version", "3"),
            (".EmailAddresses", "null"), (".SignatureAlgorithm", "10"),
            (".NotBefore", "\"\(Timestamp(seconds: certificate.notBefore))\""),
            (".NotAfter", "\"\(Timestamp(seconds: certificate.notAfter))\""),
            (".time_since('',NotBefore,NotAfter)", nil),
        ]
        for (path, value) in expected {
            let found = try Self.decode(certificate.pem, path)
            if let value { #expect(found == value, "\(path)") }
        }
        #expect(try Self.decode(certificate.pem, ".Raw") == "\"\(Base64.encode(certificate.der))\"")
    }

    /// The certificate of Kyverno's documentation, and what it shows there.
    @Test func showsAnRSAKey() throws {
        let pem = """
            -----BEGIN CERTIFICATE-----
            MIIC7TCCAdWgAwIBAgIBADANBgkqhkiG9w0BAQsFADAYMRYwFAYDVQQDDA0qLmt5dmVybm8uc3ZjMB4XDTIyMTAxMDExNDYzMloXDTIzMTAxMDEyNDYzMlow
            GDEWMBQGA1UEAwwNKi5reXZlcm5vLnN2YzCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAOKF+2P0Ufp855hpdsGD4lYkd6oU7HZAOWm1XskAMwrd
            sqWwTNNAinyHRoPQIbNbGDQ+r6Cggc2mlxHJ90PnC2weHj5otaD17Z+ARZpJZ4HMWkEfFt8sxwo9vuQJRWihqNwFheowjswoSB1DHnPufrZHfztkMoRx278Z
            fHaIMdlSTg50ektkNDoHA3OJsxxw54X3HR1iq6SZwN8xNT0TI6B6BbfAYWMNmKCiZ2iV6kW//XnTEqGd2WcmhuP0SjwO4tCJbj9oV6+Bj/uhFr7J4foErMao
            dYDBtQs/ul2tcAwSBHfnC2KcLbiZTZsC0Rs0WPJ4YwF/cOsD7Z/RmLs4FHsCAwEAAaNCMEAwDgYDVR0PAQH/BAQDAgKkMA8GA1UdEwEB/wQFMAMBAf8wHQYD
            VR0OBBYEFJaK+3Wfnf7rVkYBzMCLSaV56NMqMA0GCSqGSIb3DQEBCwUAA4IBAQDY7F6b+t9BX7098JyGk6zeT39MoLdSv+8IaKXn+m8GyOKn3CZkruko57yc
            vPd4taC0gggtmUYynFhwPMQr+boNrrK9rat8Jw3yPPsBq/8D/s6tvwxSNXBfPUI5OvNIB/hA5XpJpdHQaCkYm+FWkcJsolkkbSOfVjUjImW26JHBnnPPtR4Y
            7dx0SVoPS19IC0T5RmdvgqlXj4XbhTnX3QOujVHn8u+wQ8po7EngHDQs+onfkp8ipe0QpEJL1ZdW2LhyDXGKrZ2y8UPZ9wYNzxHWaj1Thu4B9YFdsPUwWqSx
            n9e+FygpoktlD8YgT7jwgiVKX7Koz++zyvMIdhvRrtgS
            -----END CERTIFICATE-----
            """
        let expected = [
            (".BasicConstraintsValid", "true"), (".IsCA", "true"), (".KeyUsage", "37"), (".MaxPathLen", "-1"),
            (".NotAfter", #""2023-10-10T12:46:32Z""#), (".NotBefore", #""2022-10-10T11:46:32Z""#),
            (".PublicKey.E", "65537"),
            (".PublicKeyAlgorithm", "1"), (".SerialNumber", "0"), (".SignatureAlgorithm", "4"),
            (".SubjectKeyId", #""lor7dZ+d/utWRgHMwItJpXno0yo=""#),
            (".Subject.CommonName", #""*.kyverno.svc""#), (".Subject.Country", "null"), (".DNSNames", "null"),
            (".AuthorityKeyId", "null"),
            (".Extensions[0]", #"{"Id":[2,5,29,15],"Critical":true,"Value":"AwICpA=="}"#),
            (".Extensions[2].Critical", "false"),
            (".time_since('',NotBefore,NotAfter)", #""8761h0m0s""#),
            (".starts_with(PublicKey.N, '285959259059622234245209473522')", "true"),
            (".length(PublicKey.N)", "617"), (".ends_with(PublicKey.N, '560514233467')", "true"),
        ]
        for (path, value) in expected { #expect(try Self.decode(pem, path) == value, "\(path)") }
    }

    @Test func refusesWhatIsNone() throws {
        for body in ["", "MAA=", "MIIC7TCCAdWgAwIBAgIBADANBgkq", "!!!!"] {
            let pem = "-----BEGIN CERTIFICATE-----\n\(body)\n-----END CERTIFICATE-----\n"
            #expect(throws: EvaluationError.self) { try Self.decode(pem, "") }
        }
        #expect(throws: EvaluationError.self) {
            try Self.decode("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "")
        }
    }
}
