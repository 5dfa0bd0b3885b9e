-- What wrk sends, told by the environment: BENCH_TOKEN, and BENCH_IDS (a file with an id a line, to read them at random)
-- or BENCH_BODY (what to POST, under an Idempotency-Key of its own each time; %s stands for the number, the
-- department and the manager) or neither.
local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

local function uuid(number)
    return string.format("00000000-0000-0000-0000-%012d", number)
end

local requests, count, read = {}, 0, nil
function init()
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
    math.randomseed(os.time() * 100 + number)
    local ids, body = os.getenv("BENCH_IDS"), os.getenv("BENCH_BODY")
    if ids then
        for id in io.lines(ids) do
            requests[#requests + 1] = wrk.format("GET", "/v1/employees/" .. id)
        end
        request = function() return requests[math.random(#requests)] end
    elseif body then
        local run = string.format("%x-%d", os.time(), number)
        wrk.headers["Content-Type"] = "application/json"
        request = function()
            count = count + 1
            local id = run .. "-" .. count
            return wrk.format("POST", nil, { -- to the path that wrk was given
                ["Authorization"] = wrk.headers["Authorization"],
                ["Content-Type"] = "application/json", ["Idempotency-Key"] = "bench-" .. id }, 
                string.format(body, id, uuid(1 + count % 20), uuid(2 + count % 100)))
        end
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('\nRESULT {"requests": %d, "microseconds": %d, "median": %d, "status": %d, "connection": %d, "timeout": %d}\n',
        summary.requests, summary.duration, latency:percentile(50),
        errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
