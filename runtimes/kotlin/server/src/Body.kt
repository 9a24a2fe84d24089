package slipway.server

import io.netty.buffer.ByteBuf

/** A body while it arrives: as much memory as has come, not as was announced. */
internal class Body(
    private val most: Int,
) {
    private var bytes = NOTHING
    private var length = 0

    /** Takes a piece; false where that is more than there may be. */
    fun add(piece: ByteBuf): Boolean {
        val count = piece.readableBytes()
        if (count > most - length) return false
        if (length + count > bytes.size) {
            // The first piece is the whole body, mostly.
            val wanted = if (length == 0) count else maxOf(length + count, minOf(2L * bytes.size, most.toLong()).toInt())
            bytes = bytes.copyOf(wanted)
        }
        piece.getBytes(piece.readerIndex(), bytes, length, count)
        length += count
        return true
    }

    fun toBytes(): ByteArray = if (length == bytes.size) bytes else bytes.copyOf(length)

    private companion object {
        val NOTHING = ByteArray(0)
    }
}
