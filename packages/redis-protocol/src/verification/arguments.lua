-- Arguments that may be left out: 0, or 1 and their words. verification-natives.ts sends them in the order in which an
-- operation reads them.

local function optional(read)
  if arg() == '1' then return read() end
end
