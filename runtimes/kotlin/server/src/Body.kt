package slipway.server

import io.netty.buffer.ByteBuf

/**
 * A body while it arrives: memory in proportion to what has come, not to what was announced.
 *
 * @param announced its length, where it is known
 */
internal class Body(
    private val most: Int,
    private val announced: Int = most,
) {
    private var bytes = NOTHING
    private var length = 0

    /** Takes a piece; false where that is more than there may be. */
    fun add(piece: ByteBuf): Boolean {
        val count = piece.readableBytes()
        if (count > most - length) return false
        if (length + count > bytes.size) {
            // The first piece is the whole body, mostly.
            val wanted = if (length == 0) count else maxOf(length + count, minOf(GROWTH * bytes.size, announced.toLong()).toInt())
            bytes = bytes.copyOf(wanted)
        }
        piece.getBytes(piece.readerIndex(), bytes, length, count)
        length += count
        return true
    }

    fun toBytes(): ByteArray = if (length == bytes.size) bytes else bytes.copyOf(length)

    private companion object {
        const val GROWTH = 4L
        val NOTHING = ByteArray(0)
    }
}
