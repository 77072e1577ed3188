import JMESPath
import Testing

/// Examples from Kyverno's documentation of its functions, and the edges around them.
@Suite struct KyvernoFunctionTests {
    static let text: [(query: String, result: String)] = [
        ("compare('a', 'b')", "-1"), ("compare('b', 'a')", "1"), ("compare('a', 'a')", "0"), ("compare('é', 'z')", "1"),
        ("equal_fold('pizza', 'Pizza')", "true"), ("equal_fold('pizza', 'pIzZa')", "true"),
        ("equal_fold('pizza', 'APPLE')", "false"), ("equal_fold('Σ', 'ς')", "true"), ("equal_fold('a', 'ab')", "false"),
        (
            "replace('Lorem ipsum dolor sit amet foo ipsum bar ipsum', 'ipsum', 'muspi', `2`)",
            #""Lorem muspi dolor sit amet foo muspi bar ipsum""#
        ),
        ("replace('aaa', 'a', 'b', `-1`)", #""bbb""#), ("replace('aaa', 'a', 'b', `0`)", #""aaa""#),
        ("replace('éa', '', '-', `-1`)", #""-é-a-""#), ("replace('ab', '', '-', `2`)", #""-a-b""#),
        ("replace_all('Lorem ipsum dolor sit amet', 'ipsum', 'muspi')", #""Lorem muspi dolor sit amet""#),
        ("replace_all('aaaa', 'aa', 'b')", #""bb""#), ("replace_all('aab', 'ab', 'x')", #""ax""#),
        ("to_upper('Straße é')", #""STRAßE É""#), ("to_lower('ÀB')", #""àb""#),
        ("trim('¡¡¡Hello, Gophers!!!', '!¡')", #""Hello, Gophers""#), ("trim('foocorpcom', 'mo')", #""foocorpc""#),
        ("trim('foocorpcom', 'o')", #""foocorpcom""#), ("trim('foocorpcom', 'mcof')", #""rp""#),
        ("trim('aa', 'a')", #""""#),
        (
            "trim_prefix('docker://kubevirt/fedora-cloud-registry-disk-demo', 'docker://')",
            #""kubevirt/fedora-cloud-registry-disk-demo""#
        ), ("trim_prefix('abc', 'b')", #""abc""#),
        ("split('cat,dog,horse', ',')", #"["cat","dog","horse"]"#), ("split('a', ',')", #"["a"]"#),
        ("split(',', ',')", #"["",""]"#), ("split('aé', '')", #"["a","é"]"#), ("split('', ',')", #"[""]"#),
        ("truncate('foobar', `3`)", #""foo""#), ("truncate('foo', `9`)", #""foo""#), ("truncate('foo', `-1`)", #""""#),
        ("truncate('éàü', `2`)", #""éà""#),
        ("to_boolean('true')", "true"), ("to_boolean('FalsE')", "false"),
        ("pattern_match('158-7?-4*', '158-73-417')", "true"), ("pattern_match('145-0?-9*', '158-73-417')", "false"),
        ("pattern_match('1?', `12`)", "true"),
        ("path_canonicalize('/var//lib///kubelet')", #""/var/lib/kubelet""#),
        (
            "path_canonicalize('/var/run/../run/./containerd/containerd.sock/')",
            #""/var/run/containerd/containerd.sock""#
        ),
        ("path_canonicalize('../../a/../b')", #""../../b""#), ("path_canonicalize('/../a')", #""/a""#),
        ("path_canonicalize('a/..')", #"".""#), ("path_canonicalize('')", #""""#), ("path_canonicalize('/')", #""/""#),
        ("regex_match('^[1-7]$', `1`)", "true"), ("regex_match('^[1-7]$', '1')", "true"),
        ("regex_match('^[1-7]$', '8')", "false"), ("regex_match(pattern, 'abc')", "true"),
        ("regex_replace_all('([0-9])([0-9])', 'hello im 42 months old', '${1}1')", #""hello im 41 months old""#),
        ("regex_replace_all('([0-9])([0-9])', 'days_37', '${1}0')", #""days_30""#),
        ("regex_replace_all('2', `123`, `9`)", #""193""#),
        (#"regex_replace_all_literal('^(\d{3}-?\d{2}-?\d{4})$', '123-45-6789', 'redacted')"#, #""redacted""#),
        ("regex_replace_all_literal('^[^/]+', 'docker.io/nginx:latest', '$1')", #""$1/nginx:latest""#),
        (
            "regex_replace_all('^docker.io/(.*)$', image_normalize('nginx'), 'harbor.corp.org/$1')",
            #""harbor.corp.org/nginx:latest""#
        ),
        ("random('[a-c]{5}')", #""bbbbb""#),
        ("regex_match('^[A-Z0-9]{8}-[A-Z0-9]{4}$', random('[A-Z0-9]{8}-[A-Z0-9]{4}'))", "true"),
    ]

    static let arithmetic: [(query: String, result: String)] = [
        ("add(`12`, `13`)", "25"), ("add('12Ki', '13Ki')", #""25Ki""#), ("add('12Ki', '13')", #""12301""#),
        ("add('12s', '13s')", #""25s""#), ("add(`0.5`, `1`)", "1.5"),
        ("add(`9223372036854775807`, `1`)", "9.223372036854776e+18"), ("add('0', '1Ki')", #""1Ki""#),
        ("add('100m', '900m')", #""1""#),
        ("subtract(`12`, `13`)", "-1"), ("subtract('10Mi', '5Ki')", #""10235Ki""#),
        ("subtract('12Ki', '13Ki')", #""-1Ki""#), ("subtract('12s', '13s')", #""-1s""#),
        ("multiply('12Ki', `2`)", #""24Ki""#), ("multiply(`2.5`, '12Ki')", #""30Ki""#),
        ("multiply(`2.5`, '12')", #""30""#), ("multiply('12s', `2`)", #""24s""#),
        ("multiply(`2.5`, '40s')", #""1m40s""#), ("multiply(`2.5`, `2.5`)", "6.25"),
        ("multiply('-1Ki', `-0.5`)", #""512""#),
        ("divide('10Mi', '5Ki')", "2048"), ("divide('256M', '256M')", "1"), ("divide('128M', '256M')", "0.5"),
        ("divide('8', '3')", "2.6666666666666665"), ("divide('12Ki', `3`)", #""4Ki""#),
        ("divide('12Ki', '200')", "61.44"), ("divide('12s', `3`)", #""4s""#), ("divide('12s', '5s')", "2.4"),
        ("divide(`14`, `3`)", "4.666666666666667"), ("divide('10', `3`)", #""3""#), ("divide('10m', `3`)", #""3m""#),
        ("divide('-1', `0.5`)", #""-2""#),
        ("modulo(`10`, `3`)", "1"), ("modulo(`13`, `5`)", "3"), ("modulo('12Ki', '5Ki')", #""2Ki""#),
        ("modulo('13s', '2s')", #""1s""#), ("modulo(`-7`, `2`)", "-1"),
        ("round(`10.125`, `2`)", "10.13"), ("round(`-2.5`, `0`)", "-3"), ("round(`7`, `3`)", "7"),
        ("round(`0.1`, `20`)", "0.1"),
        ("sum(['2Ki', '5Gi', '8Mi'])", #""5251074Ki""#), ("sum(['2h', '50s', '90s'])", #""2h2m20s""#),
        ("sum([`6`, `3`, `8`])", "17"), ("sum(['12Ki'])", #""12Ki""#), ("sum(`[]`)", "0"),
    ]

    static let time: [(query: String, result: String)] = [
        ("time_now()", #""2026-11-23T02:30:00+01:00""#), ("time_now_utc()", #""2026-11-23T01:30:00Z""#),
        ("time_since('', '2022-04-10T03:14:05-07:00', '2022-04-11T03:14:05-07:00')", #""24h0m0s""#),
        ("time_since('', '2026-11-23T01:29:27Z', '')", #""33.5s""#),
        (
            "time_since('Mon Jan _2 15:04:05 MST 2006', 'Mon Jan 02 15:04:05 MST 2021', 'Mon Jan 10 03:14:16 MST 2021')",
            #""180h10m11s""#
        ), ("time_since('2006-Jan-02', '2020-Jan-14', '2020-Jan-17')", #""72h0m0s""#),
        (
            "time_parse('Mon Jan 02 2006 15:04:05 -0700', 'Fri Jun 22 2022 17:45:00 +0100')",
            #""2022-06-22T17:45:00+01:00""#
        ), ("time_parse('2006-01-02T15:04:05Z07:00', '2021-01-02T15:04:05-07:00')", #""2021-01-02T15:04:05-07:00""#),
        ("time_parse('1702691171', '1702691171')", #""2023-12-16T01:46:11Z""#),
        ("time_utc('2021-01-02T18:04:05-05:00')", #""2021-01-02T23:04:05Z""#),
        ("time_utc('2021-01-02T02:04:05+08:30')", #""2021-01-01T17:34:05Z""#),
        ("time_add('2023-01-12T12:37:56-05:00', '6h')", #""2023-01-12T18:37:56-05:00""#),
        ("time_add('2024-02-28T23:00:00Z', '1h30m')", #""2024-02-29T00:30:00Z""#),
        ("time_add('2024-01-01T00:00:00.2Z', '-300ms')", #""2023-12-31T23:59:59Z""#),
        ("time_diff('2023-01-10T00:00:00Z', '2023-01-11T00:00:00Z')", #""24h0m0s""#),
        ("time_diff('2023-01-12T00:00:00Z', '2023-01-11T00:00:00Z')", #""-24h0m0s""#),
        ("time_diff('0001-01-01T00:00:00Z', '2023-01-11T00:00:00Z')", #""2562047h47m16.854775807s""#),
        ("time_before('2023-01-12T19:05:59Z', '2023-01-13T19:05:59Z')", "true"),
        ("time_before('2023-01-12T19:05:59Z', '2023-01-11T19:05:59Z')", "false"),
        ("time_after('2023-01-12T14:07:55-05:00', '2023-01-12T19:05:59Z')", "true"),
        ("time_after('2023-01-12T19:05:59Z', '2023-01-13T19:05:59Z')", "false"),
        ("time_between('2023-01-12T19:05:59Z', '2023-01-01T19:05:59Z', '2023-01-15T19:05:59Z')", "true"),
        ("time_between('2023-01-12T19:05:59Z', '2023-01-01T19:05:59Z', '2023-01-11T19:05:59Z')", "false"),
        ("time_truncate('2023-01-12T17:37:00Z', '1h')", #""2023-01-12T17:00:00Z""#),
        ("time_truncate('2023-01-12T17:37:00Z', '2h')", #""2023-01-12T16:00:00Z""#),
        ("time_truncate('2021-01-02T23:04:05Z', '2h')", #""2021-01-02T22:00:00Z""#),
        ("time_truncate('2023-01-12T17:37:00Z', '0s')", #""2023-01-12T17:37:00Z""#),
        ("time_to_cron('2022-04-11T03:14:05-07:00')", #""14 3 11 4 1""#),
        ("time_add(time_now_utc(), '4h') | time_to_cron(@)", #""30 5 23 11 1""#),
    ]

    static let objects: [(query: String, result: String)] = [
        (
            #"items(`{"team": "apple", "organization": "banana"}`, 'key', 'value')"#,
            #"[{"key":"organization","value":"banana"},{"key":"team","value":"apple"}]"#
        ), (#"items(`[{"team": "apple"}, 2]`, 'k', 'v')"#, #"[{"k":0,"v":{"team":"apple"}},{"k":1,"v":2}]"#),
        ("object_from_lists(env[].name, env[].value)", #"{"KEY":"123-456-789","endpoint":"licensing.corp.org"}"#),
        (#"object_from_lists(`["a", 1, true]`, `[1]`)"#, #"{"a":1,"1":null,"true":null}"#),
        (#"label_match(`{"dog": "lab", "color": "tan"}`, `{"color": "tan", "dog": "lab"}`)"#, "true"),
        (
            #"label_match(`{"dog": "lab", "color": "tan"}`, `{"color": "tan", "weight": "chonky", "dog": "lab"}`)"#,
            "true"
        ), (#"label_match(`{"dog": "lab", "color": "tan"}`, `{"color": "black", "dog": "lab"}`)"#, "false"),
        (#"label_match(`{"dog": "lab"}`, `{}`)"#, "false"), ("label_match(`{}`, `{}`)", "true"),
        (#"lookup(`{"key1": "value1", "key2": "value2"}`, `"key2"`)"#, #""value2""#),
        (#"lookup(`["item0", "item1", "item2"]`, `1`)"#, #""item1""#), (#"lookup(`{"a": 1}`, 'b')"#, "null"),
        ("lookup(`[1]`, `1`)", "null"), ("lookup(`[1]`, `-1`)", "null"),
        ("lookup(env, modulo(random('[0-9]{1,6}') | parse_json(@), length(@.env))).name", #""endpoint""#),
        (#"parse_json('["1001","1002"]')[*].to_number(@)"#, "[1001,1002]"), ("parse_json('1.50')", "1.50"),
        ("parse_yaml('species: {isGoodBoi: false, height: 15}').species.isGoodBoi", "false"),
        ("parse_yaml('')", "null"), ("parse_yaml('- 1\n- b\n')", #"[1,"b"]"#),
        ("base64_encode('Hello, world!')", #""SGVsbG8sIHdvcmxkIQ==""#),
        ("base64_decode('SGVsbG8sIHdvcmxkIQ==')", #""Hello, world!""#), ("base64_decode('SGVs\nbG8=\n')", #""Hello""#),
        (
            "sha256('alertmanager-kube-prometheus-stack-alertmanager')",
            #""75c07bb807f2d80a85d34880b8af0c5f29f7c27577076ed5d0e4b427dee7dbcc""#
        ), ("sha1('abc')", #""a9993e364706816aba3e25717850c26c9cd0d89d""#),
        ("md5('abc')", #""900150983cd24fb0d6963f7d28e17f72""#),
        ("semver_compare('1.2.3', '1.2.4')", "false"), ("semver_compare('4.1.3', '>=4.1.x')", "true"),
        ("semver_compare('4.1.3', '!4.x.x')", "false"), ("semver_compare('1.8.6', '>1.0.0 <2.0.0')", "true"),
        ("semver_compare('2.1.5', '<2.0.0 || >=3.0.0')", "false"),
        ("image_normalize('nginx')", #""docker.io/nginx:latest""#),
        ("image_normalize('library/nginx')", #""docker.io/library/nginx:latest""#),
        ("image_normalize('ghcr.io/org/app:v1')", #""ghcr.io/org/app:v1""#),
        ("is_external_url('https://1.1.1.1/a')", "true"), ("is_external_url('http://user@10.0.0.1:80')", "false"),
        ("is_external_url('http://172.31.1.1')", "false"), ("is_external_url('http://172.32.1.1')", "true"),
        ("is_external_url('http://192.168.0.1')", "false"), ("is_external_url('http://127.0.0.1')", "false"),
        ("is_external_url('http://[::1]:80/')", "false"), ("is_external_url('http://[fd00::1]')", "false"),
        ("is_external_url('http://[2001:db8::1]')", "true"), ("is_external_url('http://[::ffff:10.0.0.1]')", "false"),
        ("is_external_url('http://localhost:80')", "false"),
    ]

    @Test(arguments: text + arithmetic + time + objects)
    func yields(_ query: String, _ result: String) throws {
        let input = #"""
            {"pattern": "b", "env": [{"name": "KEY", "value": "123-456-789"},
            {"name": "endpoint", "value": "licensing.corp.org"}]}
            """#
        #expect(try Evaluating.json(query, input) == result, "\(query)")
    }

    static let errors: [(query: String, kind: String)] = [
        ("add('12', '13s')", "invalid-type"), ("add(`12`, '13Ki')", "invalid-type"),
        ("add(`12`, '13')", "invalid-type"), ("add('12s', `13`)", "invalid-type"), ("add('x', '1')", "invalid-type"),
        ("add(`1`, `null`)", "invalid-type"), ("add('2562047h', '1h')", "invalid-value"),
        ("add(`1.7e308`, `1.7e308`)", "invalid-value"), ("sum([`12`, '13'])", "invalid-type"),
        ("sum(['12Ki', '13s'])", "invalid-type"),
        ("subtract('1Ki', '1s')", "invalid-type"), ("multiply('12Ki', '12')", "invalid-type"),
        ("multiply('12s', '12s')", "invalid-type"), ("multiply('2562047h', `2`)", "invalid-value"),
        ("divide(`14`, '5')", "invalid-type"), ("divide('12s', '4Ki')", "invalid-type"),
        ("divide(`14`, `0`)", "invalid-value"), ("divide('4Ki', '0Ki')", "invalid-value"),
        ("divide('4s', '0s')", "invalid-value"),
        ("modulo('4', '1.5')", "invalid-value"), ("modulo(`14`, `1.5`)", "invalid-value"),
        ("modulo('13s', `2`)", "invalid-type"), ("modulo(`14`, `0`)", "invalid-value"),
        ("round(`1.5`, `-1`)", "invalid-value"), ("round(`1.5`, `0.5`)", "invalid-value"),
        ("round('1', `0`)", "invalid-type"),
        ("compare(`1`, 'a')", "invalid-type"), ("replace('a', 'b', 'c', `1.5`)", "invalid-value"),
        ("to_boolean('yes')", "invalid-value"), ("to_boolean(`true`)", "invalid-type"),
        ("regex_match('(', 'a')", "invalid-value"), ("regex_match(@, 'a')", "invalid-type"),
        ("regex_match(replace('x', 'x', '(', `1`), 'a')", "invalid-value"), ("random('')", "invalid-value"),
        ("random('[^ -~]')", "invalid-value"),
        ("time_utc('2021-01-02')", "invalid-value"), ("time_add('2021-01-02T18:04:05Z', '1d')", "invalid-value"),
        ("time_add('9999-12-31T23:00:00Z', '2h')", "invalid-value"), ("time_parse('2006-01', '21-1')", "invalid-value"),
        ("time_parse('1', 'x')", "invalid-value"), ("time_parse('1', '9999999999999')", "invalid-value"),
        ("time_now('x')", "invalid-arity"),
        ("base64_decode('a')", "invalid-value"), ("base64_decode('/w==')", "invalid-value"),
        ("parse_json('{')", "invalid-value"), (#"parse_json('{"a":1,"a":2}')"#, "invalid-value"),
        ("parse_yaml('{')", "invalid-value"), ("parse_yaml('a: 1\n---\nb: 2\n')", "invalid-value"),
        ("lookup(`[1]`, 'a')", "invalid-type"), ("lookup(`{}`, `1`)", "invalid-type"),
        ("lookup(`[1]`, `0.5`)", "invalid-type"), ("items('a', 'k', 'v')", "invalid-type"),
        ("object_from_lists(`[null]`, `[]`)", "invalid-type"),
        ("semver_compare('v1.2.3', '1.2.3')", "invalid-value"), ("semver_compare('1.2.3', '~1.2')", "invalid-value"),
        ("image_normalize('UPPER CASE')", "invalid-value"), ("is_external_url('http://example.com')", "invalid-value"),
        ("is_external_url('example')", "invalid-value"), ("x509_decode('x')", "invalid-value"),
        ("label_match('a', `{}`)", "invalid-type"),
    ]

    @Test(arguments: errors)
    func refuses(_ query: String, _ kind: String) {
        #expect(Evaluating.error(query) == kind, "\(query)")
    }

    @Test func hasEveryFunction() {
        let wanted = """
            compare equal_fold replace replace_all to_upper to_lower trim trim_prefix split truncate regex_match \
            regex_replace_all regex_replace_all_literal pattern_match label_match to_boolean add sum subtract multiply \
            divide modulo round base64_encode base64_decode time_since time_now time_now_utc time_parse time_utc time_add \
            time_diff time_before time_after time_between time_truncate time_to_cron path_canonicalize semver_compare \
            parse_json parse_yaml lookup items object_from_lists x509_decode image_normalize is_external_url sha1 sha256 \
            md5 random
            """
        let names = Set(Functions.kyverno.names)
        for name in wanted.split(separator: " ") { #expect(names.contains(String(name)), "\(name)") }
        #expect(names.isSuperset(of: Functions.standard.names))
    }
}
