-- SPDX-License-Identifier: BSD-3-Clause
--
-- Shows VPE (docs/protocol.md, section 2) in Wireshark and tshark. It needs no key, so nothing here has
-- authenticated: what it says of a forged packet is what the packet claims.
--
-- Numbers stay below 2^53, so that they are exact whether Lua calculates in integers or in doubles.

local vpe = Proto("vpe", "Vector Packet Encapsulation")

local HEADER = 32
local SPI_MIN = 256
local COUNTERS = 2 ^ 48 -- of one epoch

vpe.prefs.port = Pref.uint("UDP port", 4798, "covey_vpe_port of the inventory; 0: none")
vpe.prefs.protocol = Pref.uint("IP protocol", 253, "covey_vpe_protocol of the inventory; 0: none")
vpe.prefs.window = Pref.uint("Replay window", 1024, "Packets, replay_window of the group")
vpe.prefs.analyse = Pref.bool("Compare packets", true,
	"Find repeated IVs, epochs that fall and packets behind the replay window; takes memory for each packet")

local casts = { [0] = "unicast", [1] = "multicast" }

local spi = ProtoField.uint32("vpe.spi", "SPI", base.HEX)
local iv = ProtoField.bytes("vpe.iv", "IV")
local sender = ProtoField.uint16("vpe.sender", "SenderID", base.DEC)
local window = ProtoField.uint16("vpe.window", "WindowID", base.HEX)
local class = ProtoField.uint16("vpe.window.class", "Class", base.DEC, nil, 0xe000)
local cast = ProtoField.uint16("vpe.window.cast", "Cast", base.DEC, casts, 0x1000)
local path = ProtoField.uint16("vpe.window.path", "Path", base.DEC, nil, 0x0fff)
local esn = ProtoField.uint64("vpe.esn", "ESN", base.HEX)
local epoch = ProtoField.uint16("vpe.epoch", "Epoch", base.DEC)
local counter = ProtoField.uint64("vpe.counter", "Counter", base.DEC)
local icv = ProtoField.bytes("vpe.icv", "ICV")
local ciphertext = ProtoField.bytes("vpe.ciphertext", "Ciphertext")
local ciphertext_length = ProtoField.uint32("vpe.ciphertext.length", "Length of the ciphertext", base.DEC)
local same_iv = ProtoField.framenum("vpe.same_iv", "Same IV in frame", base.NONE)
vpe.fields = {
	spi, iv, sender, window, class, cast, path, esn, epoch, counter, icv, ciphertext, ciphertext_length, same_iv,
}

local function expert_note(name, text, group, severity)
	return ProtoExpert.new("vpe." .. name, text, group, severity)
end

local too_short = expert_note("short",
	"Shorter than a VPE header", expert.group.MALFORMED, expert.severity.ERROR)
local reserved_spi = expert_note("reserved_spi",
	"No SA has an SPI below 256", expert.group.PROTOCOL, expert.severity.WARN)
local no_sender = expert_note("no_sender",
	"SenderID 0 is never assigned", expert.group.PROTOCOL, expert.severity.WARN)
local no_counter = expert_note("no_counter",
	"A counter of 0 is never sent", expert.group.PROTOCOL, expert.severity.WARN)
local source_port = expert_note("source_port",
	"The UDP source port is not the one of this WindowID",
	expert.group.PROTOCOL, expert.severity.NOTE)
local repeated_iv = expert_note("repeated_iv",
	"The IV of an earlier packet, but another ICV: an IV used twice, or a forgery",
	expert.group.SECURITY, expert.severity.ERROR)
local repeated_packet = expert_note("repeated_packet",
	"An earlier packet again: replayed, or captured at two places",
	expert.group.SEQUENCE, expert.severity.NOTE)
local epoch_regress = expert_note("epoch_regress",
	"The epoch is below one that this sender has used with this SA",
	expert.group.SEQUENCE, expert.severity.WARN)
local too_old = expert_note("too_old",
	"Older than the replay window: receivers drop it as in-replay-old",
	expert.group.SEQUENCE, expert.severity.WARN)
vpe.experts = {
	too_short, reserved_spi, no_sender, no_counter, source_port, repeated_iv, repeated_packet, epoch_regress, too_old,
}

-- What is known of the packets until now: the first frame with each SPI and IV, the highest epoch of each
-- sender, the highest ESN of each window. And what was found of each frame, because Wireshark asks again.
local first, epochs, tops, findings = {}, {}, {}, {}

local function forget()
	first, epochs, tops, findings = {}, {}, {}, {}
end

-- By how much one ESN is above another. Exact where it is less than a few windows.
local function distance(above, below)
	return (above.epoch - below.epoch) * COUNTERS + (above.counter - below.counter)
end

-- Looks at a packet for the first time. bytes: SPI and IV, icv: its bytes, this: epoch and counter.
local function compare(number, bytes, icv_bytes, this)
	local found = {}
	local earlier = first[bytes]
	if earlier then
		found.earlier = earlier.number
		found.is_other = earlier.icv ~= icv_bytes
	else
		first[bytes] = { number = number, icv = icv_bytes }
	end

	local of_sender = bytes:sub(1, 6)
	local highest = epochs[of_sender]
	found.is_below = highest ~= nil and this.epoch < highest
	if not highest or this.epoch > highest then
		epochs[of_sender] = this.epoch
	end

	local of_window = bytes:sub(1, 8)
	local top = tops[of_window]
	found.is_old = top ~= nil and distance(top, this) >= vpe.prefs.window
	if not top or distance(this, top) > 0 then
		tops[of_window] = this
	end
	return found
end

local function add_findings(tree, items, found)
	if found.earlier then
		tree:add(same_iv, found.earlier):set_generated()
		items.iv:add_proto_expert_info(found.is_other and repeated_iv or repeated_packet)
	end
	if found.is_below then
		items.epoch:add_proto_expert_info(epoch_regress)
	end
	if found.is_old then
		items.counter:add_proto_expert_info(too_old)
	end
end

local function add_window(tree, range)
	local item = tree:add(window, range)
	item:add(class, range)
	item:add(cast, range)
	item:add(path, range)
end

-- In UDP, a sender derives the source port from the WindowID.
local function port_of(window_id)
	return 0xc000 + math.floor(window_id / 0x1000) * 0x400 + window_id % 0x400
end

local function add_header(tvb, tree)
	local items = {}
	items.spi = tree:add(spi, tvb(0, 4))
	items.iv = tree:add(iv, tvb(4, 12))
	items.sender = items.iv:add(sender, tvb(4, 2))
	add_window(items.iv, tvb(6, 2))
	local number = items.iv:add(esn, tvb(8, 8))
	items.epoch = number:add(epoch, tvb(8, 2))
	items.counter = number:add(counter, tvb(10, 6), tvb(10, 6):uint64())
	tree:add(icv, tvb(16, 16))
	return items
end

local function check_header(tvb, pinfo, items, this, is_udp)
	if tvb(0, 4):uint() < SPI_MIN then
		items.spi:add_proto_expert_info(reserved_spi)
	end
	if tvb(4, 2):uint() == 0 then
		items.sender:add_proto_expert_info(no_sender)
	end
	if this.counter == 0 then
		items.counter:add_proto_expert_info(no_counter)
	end
	if is_udp and pinfo.src_port ~= port_of(tvb(6, 2):uint()) then
		items.iv:add_proto_expert_info(source_port)
	end
end

local function add_ciphertext(tvb, tree)
	tree:add(ciphertext_length, tvb:reported_len() - HEADER):set_generated()
	if tvb:len() > HEADER then
		tree:add(ciphertext, tvb(HEADER))
	end
end

-- An ICMP error quotes a packet, which was not sent again.
local function add_analysis(tvb, pinfo, tree, items, this)
	if not vpe.prefs.analyse or pinfo.in_error_pkt then
		return
	end
	if not findings[pinfo.number] then
		findings[pinfo.number] = compare(pinfo.number, tvb:raw(0, 16), tvb:raw(16, 16), this)
	end
	add_findings(tree, items, findings[pinfo.number])
end

function vpe.dissector(tvb, pinfo, root)
	local is_udp = pinfo.match_uint ~= vpe.prefs.protocol
	if is_udp and pinfo.dst_port ~= vpe.prefs.port then
		return 0
	end
	pinfo.cols.protocol = "VPE"
	pinfo.cols.info = ""
	local tree = root:add(vpe, tvb())
	-- What is cut off only in the capture is no mistake of the packet.
	if tvb:reported_len() < HEADER then
		tree:add_proto_expert_info(too_short)
		return tvb:len()
	elseif tvb:len() < HEADER then
		tree:append_text(" (cut off in the capture)")
		return tvb:len()
	end

	local this = { epoch = tvb(8, 2):uint(), counter = tvb(10, 6):uint64():tonumber() }
	local text = string.format("SPI 0x%08x, sender %d, window 0x%04x, epoch %d, counter %.0f",
		tvb(0, 4):uint(), tvb(4, 2):uint(), tvb(6, 2):uint(), this.epoch, this.counter)
	pinfo.cols.info = text
	tree:append_text(", " .. text)
	local items = add_header(tvb, tree)
	check_header(tvb, pinfo, items, this, is_udp)
	add_analysis(tvb, pinfo, tree, items, this)
	add_ciphertext(tvb, tree)
	return tvb:len()
end

local places = { port = DissectorTable.get("udp.port"), protocol = DissectorTable.get("ip.proto") }
local registered = {}

local function register()
	for name, place in pairs(places) do
		local value = vpe.prefs[name]
		if registered[name] and registered[name] ~= value then
			place:remove(registered[name], vpe)
			registered[name] = nil
		end
		if value ~= 0 and registered[name] ~= value then
			place:add(value, vpe)
			registered[name] = value
		end
	end
end

vpe.init = forget
vpe.prefs_changed = register
register()
