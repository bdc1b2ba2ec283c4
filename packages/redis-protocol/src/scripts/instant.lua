-- The instant of a script: ARGV[1] in milliseconds, or this server's TIME where that is empty. TIME once a script: before
-- Redis 7.2 it moves on within one. An injected instant is for tests: a record must expire by it, and may not vanish
-- before by the server's own clock.
local now, slackMs = tonumber(ARGV[1]), 60000
if not now then
  local time = redis.call('TIME')
  now, slackMs = time[1] * 1000 + math.floor(time[2] / 1000), 0
end
