-- The version of a server older than Redis 7.0, e.g. "6.0.16". False for Redis 7.0 and newer and for Valkey, which have
-- REDIS_VERSION_NUM. False too where the server does not tell: INFO may be forbidden to this user.
-- With an argument, a replica that takes writes answers an error instead.

local version = false
if not redis.REDIS_VERSION_NUM then
  local info = redis.pcall('INFO', 'server')
  version = type(info) == 'string' and string.match(info, 'redis_version:([%d.]+)')
end
return ARGV[1] and writableReplica() or version
