-- Makes sure that the record of a session can be replaced: it is the expected one, the server takes writes, and the
-- lease of the owner lasts its full time.
-- KEYS: record, lease, room. ARGV: expected revision, whether an older record is replaced, owner, milliseconds.
local function failed(reply) return type(reply) == 'table' and reply.err end
-- A text that is not a number counts as 0.
local function number(text)
  return text and #text <= 15 and string.match(text, '^[1-9]%d*$') or '0'
end
local stored = redis.pcall('HMGET', KEYS[1], 'revision', 'base')
if failed(stored) then return stored end
local revision, base = number(stored[1]), tonumber(number(stored[2]))
local is_older = math.max(tonumber(revision), base) < tonumber(ARGV[1])
if revision ~= ARGV[1] and not (ARGV[2] == '1' and is_older) then
  return {'replaced', 0}
end
local set = redis.pcall('SET', KEYS[3], '', 'PX', 1)
if failed(set) then return set end
local extended = 0
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) == ARGV[3] then
  extended = redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return {'reserved', extended}
