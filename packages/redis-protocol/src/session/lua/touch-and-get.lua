-- Answers each record after a touch.

local function readWhole(k) return read(k, headOf) end

return extendEach(readWhole, function(k, s, raw, extended) return extended and redis.call('GET', k) or raw end)
