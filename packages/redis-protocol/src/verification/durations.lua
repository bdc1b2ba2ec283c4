-- How long records are kept, in milliseconds. As in core's verification-record.ts.

local RETENTION_FLOOR, RETENTION_CEILING, REMEMBERED_FOR = 600000, 2678400000, 86400000
