-- What `.ci/bench` has wrk send: the reviews of a file, one a line, in turns. `wrk … -s .ci/bench.lua URL -- FILE`
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local requests, last = {}, 0

function init(args)
  for review in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format(nil, nil, nil, review)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

-- requests, requests a second, p50 and p99 in microseconds, requests that failed
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %.0f %d %d %d\n", summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
