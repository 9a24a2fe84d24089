package slipway.server

/** A query as the function sees it. */
internal object Query {
    private const val HEX = 16

    /** Percent-decoded, `+` as space; a percent sign that encodes nothing stays, bytes that are no UTF-8 are replaced. */
    fun parse(text: String): MutableMap<String, List<String>> {
        val query = LinkedHashMap<String, List<String>>()
        if (text.isEmpty()) return query
        for (pair in text.split('&')) {
            if (pair.isEmpty()) continue
            val name = decode(pair.substringBefore('='))
            query[name] = query[name].orEmpty() + decode(pair.substringAfter('=', ""))
        }
        return query
    }

    private fun decode(text: String): String {
        if (text.none { it == '%' || it == '+' }) return text
        val bytes = text.toByteArray()
        var length = 0
        var at = 0
        while (at < bytes.size) {
            val encoded = if (bytes[at] == '%'.code.toByte()) hex(bytes, at + 1) else -1
            bytes[length++] =
                when {
                    encoded >= 0 -> encoded.toByte()
                    bytes[at] == '+'.code.toByte() -> ' '.code.toByte()
                    else -> bytes[at]
                }
            at += if (encoded >= 0) 3 else 1
        }
        return String(bytes, 0, length)
    }

    private fun hex(
        bytes: ByteArray,
        at: Int,
    ): Int {
        if (at + 2 > bytes.size) return -1
        val high = Character.digit(bytes[at].toInt(), HEX)
        val low = Character.digit(bytes[at + 1].toInt(), HEX)
        return if (high < 0 || low < 0) -1 else high * HEX + low
    }
}
