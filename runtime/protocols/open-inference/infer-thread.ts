import { answerOrders } from "../json/large/orders.ts";
import { type InferOrder, inferDocument } from "./request.ts";

answerOrders(({ body, headerLength, signature }: InferOrder) => inferDocument(body, headerLength, signature));
