package slipway.server

import io.netty.buffer.ByteBuf
import io.netty.channel.ChannelHandlerContext
import io.netty.handler.codec.DecoderResult
import io.netty.handler.codec.http.HttpDecoderConfig
import io.netty.handler.codec.http.HttpMessage
import io.netty.handler.codec.http.HttpRequest
import io.netty.handler.codec.http.HttpRequestDecoder
import io.netty.handler.codec.http.LastHttpContent

/** Netty's parser at its strictest, for one connection; and stricter by what two readers may read differently. */
internal class Decoder(
    private val connection: Connection,
) : HttpRequestDecoder(STRICT) {
    private var isInHead = true
    private var isSpoilt = false

    override fun channelRead(
        context: ChannelHandlerContext,
        message: Any,
    ) {
        if (message is ByteBuf) connection.noteBytes()
        super.channelRead(context, message)
    }

    override fun decode(
        context: ChannelHandlerContext,
        buffer: ByteBuf,
        out: MutableList<Any>,
    ) {
        if (isInHead && !isSpoilt && hasFoldedLine(buffer)) spoil(out)
        if (isSpoilt) {
            buffer.skipBytes(buffer.readableBytes())
            return
        }
        val before = out.size
        super.decode(context, buffer, out)
        for (index in before until out.size) {
            val decoded = out[index]
            if (decoded is HttpRequest) isInHead = false
            if (decoded is LastHttpContent) isInHead = true
        }
    }

    /** Two ways to say where a body ends are two requests to two readers. */
    override fun handleTransferEncodingChunkedWithContentLength(message: HttpMessage) =
        throw IllegalArgumentException("both content-length and transfer-encoding")

    private fun spoil(out: MutableList<Any>) {
        val message = createInvalidMessage()
        message.decoderResult = DecoderResult.failure(IllegalArgumentException("a line begins with white space"))
        out.add(message)
        isSpoilt = true
    }

    private companion object {
        val STRICT: HttpDecoderConfig =
            HttpDecoderConfig()
                .setMaxInitialLineLength(Contract.HEADER_BYTES)
                .setMaxHeaderSize(Contract.HEADER_BYTES)
                .setMaxChunkSize(1 shl 16)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false)

        /** Of the lines that are there. Netty takes whole lines only, so the buffer begins with one. */
        fun hasFoldedLine(buffer: ByteBuf): Boolean {
            val end = buffer.writerIndex()
            var at = buffer.readerIndex()
            var isBegun = false
            while (at < end) {
                val first = buffer.getByte(at).toInt()
                if (first == ' '.code || first == '\t'.code) return true
                val isEmpty = first == '\r'.code || first == '\n'.code
                if (isEmpty && isBegun) return false
                isBegun = isBegun || !isEmpty
                val lineEnd = buffer.indexOf(at, end, '\n'.code.toByte())
                if (lineEnd < 0) return false
                at = lineEnd + 1
            }
            return false
        }
    }
}
