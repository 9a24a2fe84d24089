package slipway.server

import java.nio.ByteBuffer

/** What native/jvm.c has for this process. */
internal object Native {
    /** What the guard knows of the connections, a record of [Connections.RECORD] bytes for each descriptor. */
    @JvmStatic external fun connections(): ByteBuffer

    /** Writes whole lines to what was standard output at the start. */
    @JvmStatic external fun writeLines(
        lines: ByteArray,
        length: Int,
    )

    /** Tells process 1 one of the words below. */
    @JvmStatic external fun tell(word: Int)

    /** Waits for a word from process 1; negative where it is gone. */
    @JvmStatic external fun hear(): Int

    /** Ends this process with all its threads, whatever they do. */
    @JvmStatic external fun end(code: Int)

    const val READY = 'r'.code
    const val RETIRING = 'x'.code
    const val DRAIN = 'd'.code
    const val LEAVE = 'l'.code
}

/** Tells the guard for which connections a function runs, so that it can answer should this process end. */
internal object Connections {
    const val RECORD = 128
    const val TO_HEAD = 1
    const val IN_ENVELOPE = 2
    private const val FLAGS = 1
    private const val ID_LENGTH = 2
    private const val ID = 3

    private val records = Native.connections()

    fun runs(
        descriptor: Int,
        id: String,
        flags: Int,
    ) {
        val at = descriptor * RECORD
        if (at + RECORD > records.capacity()) return
        records.put(at + FLAGS, flags.toByte())
        records.put(at + ID_LENGTH, id.length.toByte())
        for (index in id.indices) records.put(at + ID + index, id[index].code.toByte())
        records.put(at, 1)
    }

    /** Whatever the record says of another invocation by now stays. */
    fun rests(
        descriptor: Int,
        id: String,
    ) {
        val at = descriptor * RECORD
        if (at + RECORD > records.capacity() || records[at + ID_LENGTH].toInt() != id.length) return
        if (id.indices.all { records[at + ID + it].toInt() == id[it].code }) records.put(at, 0)
    }
}
