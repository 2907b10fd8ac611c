-- Acquires the lease of a session, unless another has it. If the record has been replaced, it is returned.
-- KEYS: lease, fence, record. ARGV: owner, milliseconds, channel, the revision that must be stored ('' for any).
local function failed(reply) return type(reply) == 'table' and reply.err end
-- A text that is not a number counts as 0.
local function number(text)
  return text and #text <= 15 and string.match(text, '^[1-9]%d*$') or '0'
end
local stored = redis.pcall('HMGET', KEYS[3], 'revision', 'fence', 'tag', 'document', 'base')
if failed(stored) then return stored end
-- The same owner asks again if it has lost the answer.
local holder = redis.pcall('GET', KEYS[1])
if failed(holder) then return holder end
if ARGV[4] ~= '' and number(stored[1]) ~= ARGV[4] then
  if holder == ARGV[1] then
    redis.call('DEL', KEYS[1])
    redis.pcall('PUBLISH', ARGV[3], 'released 1000')
  end
  return {'replaced', 0, stored[1], stored[3], stored[4], stored[5]}
end
if holder and holder ~= ARGV[1] then return {'held', redis.call('PTTL', KEYS[1])} end
-- The counter may be lost, but never counts from below the last writer.
local last = redis.pcall('GET', KEYS[2])
if failed(last) then return last end
local fence = math.max(tonumber(number(last)), tonumber(number(stored[2]))) + 1
local set = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if failed(set) then return set end
set = redis.pcall('SET', KEYS[2], fence, 'PX', 86400000)
if failed(set) then return set end
redis.pcall('PUBLISH', ARGV[3], 'taken')
return {'acquired', fence}
