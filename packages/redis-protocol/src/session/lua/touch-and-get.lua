-- Answers each record after a touch. It is held anyway, so that all of it is looked at before anything is written.

local function readWhole(k) return read(k, layoutOf) end

return extendEach(readWhole, function(k, s, raw, extended) return extended and redis.call('GET', k) or raw end)
