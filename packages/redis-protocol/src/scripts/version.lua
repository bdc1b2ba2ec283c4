-- The version of a server older than Redis 7.0, e.g. "6.0.16". False for Redis 7.0 and newer and for Valkey, which have
-- REDIS_VERSION_NUM. False too where the server does not tell: INFO may be forbidden to this user.

if redis.REDIS_VERSION_NUM then return false end
local info = redis.pcall('INFO', 'server')
return type(info) == 'string' and string.match(info, 'redis_version:([%d.]+)')
