-- Acquires the lease of a session, unless another has it.
-- KEYS: lease, fence, record. ARGV: owner, milliseconds, channel, the revision that must be stored ('' for any).
local function failed(reply) return type(reply) == 'table' and reply.err end
if ARGV[4] ~= '' then
  local revision = redis.pcall('HGET', KEYS[3], 'revision')
  if failed(revision) then return revision end
  if (revision or '0') ~= ARGV[4] then return {'replaced'} end
end
-- The same owner asks again if it has lost the answer.
local holder = redis.pcall('GET', KEYS[1])
if failed(holder) then return holder end
if holder and holder ~= ARGV[1] then return {'held', redis.call('PTTL', KEYS[1])} end
local set = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if failed(set) then return set end
local fence = redis.pcall('INCR', KEYS[2])
if failed(fence) then return fence end
-- The counter may be lost, but never counts from below the last writer.
local last = tonumber(redis.call('HGET', KEYS[3], 'fence') or '0')
if fence <= last then
  fence = last + 1
  redis.call('SET', KEYS[2], fence)
end
redis.call('PEXPIRE', KEYS[2], 86400000)
redis.pcall('PUBLISH', ARGV[3], 'taken')
return {'acquired', fence}
