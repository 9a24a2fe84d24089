/** The least that answers as the measured function does: Netty, and nothing between it and the JSON. */

package bare

import io.netty.bootstrap.ServerBootstrap
import io.netty.buffer.ByteBufUtil
import io.netty.channel.ChannelHandler.Sharable
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInitializer
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.SimpleChannelInboundHandler
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerSocketChannel
import io.netty.channel.socket.SocketChannel
import io.netty.handler.codec.http.DefaultFullHttpResponse
import io.netty.handler.codec.http.FullHttpRequest
import io.netty.handler.codec.http.HttpHeaderNames
import io.netty.handler.codec.http.HttpHeaderValues
import io.netty.handler.codec.http.HttpObjectAggregator
import io.netty.handler.codec.http.HttpResponseStatus
import io.netty.handler.codec.http.HttpServerCodec
import io.netty.handler.codec.http.HttpVersion
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

private const val MOST_BYTES = 20 * 1024 * 1024

@Sharable
private object Greeting : SimpleChannelInboundHandler<FullHttpRequest>() {
    override fun channelRead0(
        context: ChannelHandlerContext,
        request: FullHttpRequest,
    ) {
        val envelope = Json.parseToJsonElement(request.content().toString(Charsets.UTF_8)).jsonObject
        val name =
            envelope
                .getValue("payload")
                .jsonObject
                .getValue("name")
                .jsonPrimitive.content
        val body = buildJsonObject { put("message", "Hello $name") }.toString()
        val content = ByteBufUtil.writeUtf8(context.alloc(), body)
        val response = DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, content)
        response
            .headers()
            .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
            .set(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes())
        context.writeAndFlush(response, context.voidPromise())
    }
}

fun main() {
    val pipeline =
        object : ChannelInitializer<SocketChannel>() {
            override fun initChannel(channel: SocketChannel) {
                channel.pipeline().addLast(HttpServerCodec(), HttpObjectAggregator(MOST_BYTES), Greeting)
            }
        }
    ServerBootstrap()
        .group(MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory()))
        .channel(EpollServerSocketChannel::class.java)
        .childHandler(pipeline)
        .bind(3000)
        .sync()
}
